import { wasmOfThread } from '../../core/wasm';
import type { BlockBuffer } from './block-buffer';
import type { FragmentWriter } from './snappy-fragment';
import { SNAPPY_MODULE } from './snappy-module';

/** wasm/snappy.wat. */
interface SnappyExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: number;
  readonly output: number;
  /** Writes what `bytes` bytes from `input` become from `output` on. Returns how many they are. */
  readonly compress: (bytes: number) => number;
}

/** Copies a fragment to WebAssembly's memory, and what it has become from there: a hundredth of what compressing it costs. */
class CompiledFragments implements FragmentWriter {
  private readonly memory: Buffer;
  private readonly input: number;
  private readonly output: number;
  private readonly compress: (bytes: number) => number;

  constructor({ memory, input, output, compress }: SnappyExports) {
    this.memory = Buffer.from(memory.buffer);
    this.input = input;
    this.output = output;
    this.compress = compress;
  }

  write(from: BlockBuffer, base: number, end: number, to: BlockBuffer): void {
    const { memory, input, output } = this;
    from.bytes.copy(memory, input, base, end);
    const length = this.compress(end - base);
    to.end += memory.copy(to.bytes, to.end, output, output + length);
  }
}

/** Undefined where Node.js has no WebAssembly. All encoders of a thread have the same: its memory is in use during a call alone. */
export const compiledFragments: () => FragmentWriter | undefined = wasmOfThread(
  SNAPPY_MODULE,
  (exports: SnappyExports) => new CompiledFragments(exports),
);

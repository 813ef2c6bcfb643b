import { CRC32C_MODULE } from './crc32c-module';
import { crc32cTables } from './crc32c-tables';
import { wasmOfThread } from './wasm';

/** wasm/crc32c.wat. */
interface Crc32cExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: number;
  /** The complement of the sum after the bytes from `at` to `end` of the memory, from that before them. */
  readonly update: (sum: number, at: number, end: number) => number;
}

/** What has place in its memory. */
const MAX_BYTES = 64 * 1024;
/** So many bytes are looked up at once. */
const SLICE = 16;

type Sum = (bytes: Uint8Array, previous: number) => number;

/** `crc32c` as WebAssembly, twice as fast as JavaScript; undefined where Node.js has none. It keeps nothing between calls. */
export const compiledCrc32c: () => Sum | undefined = wasmOfThread(CRC32C_MODULE, sumOf);

function sumOf({ memory, update, input }: Crc32cExports): Sum {
  const place = new Uint8Array(memory.buffer, input, MAX_BYTES);
  new Int32Array(memory.buffer).set(crc32cTables(SLICE));
  return (bytes, previous) => {
    let sum = ~previous;
    for (let at = 0; at < bytes.length; at += MAX_BYTES) {
      const piece = bytes.subarray(at, at + MAX_BYTES);
      place.set(piece);
      sum = update(sum, input, input + piece.length);
    }
    return ~sum >>> 0;
  };
}

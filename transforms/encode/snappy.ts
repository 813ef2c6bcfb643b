import type { BlockBuffer } from './block-buffer';
import { FRAGMENT_BYTES, OVERRUN_BYTES, ScriptFragments, type FragmentWriter } from './snappy-fragment';
import { compiledFragments } from './snappy-compiled';

/*
 * Snappy (google/snappy, format_description.txt): the length, seven bits a byte, then literals and copies of what came before. Written here because it is the largest
 * single cost of staging: the native module pays for its calls, other WebAssembly is slower than JavaScript.
 */

/** The most bytes that so many bytes become, with room to overrun. */
export function snappyRoom(bytes: number): number {
  return 32 + bytes + Math.ceil(bytes / 6) + OVERRUN_BYTES;
}

/** `compiled`: as WebAssembly. Both write the same bytes; where Node.js may have none (`--jitless`), there is only one. */
export type SnappyMode = 'compiled' | 'script';

/** Compresses what `from` holds, behind what `to` holds. Keeps a table: one for each stream. */
export class SnappyWriter {
  private readonly fragments: FragmentWriter;

  constructor(mode: SnappyMode = 'compiled') {
    this.fragments = (mode === 'compiled' ? compiledFragments() : undefined) ?? new ScriptFragments();
  }

  write(from: BlockBuffer, to: BlockBuffer): void {
    const { end } = from;
    from.reserve(OVERRUN_BYTES);
    to.reserve(snappyRoom(end));
    let rest = end;
    for (; rest > 127; rest >>>= 7) to.bytes[to.end++] = (rest & 127) | 128;
    to.bytes[to.end++] = rest;
    for (let base = 0; base < end; base += FRAGMENT_BYTES) {
      this.fragments.write(from, base, Math.min(end, base + FRAGMENT_BYTES), to);
    }
  }
}

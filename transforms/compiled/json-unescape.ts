const BACKSLASH = 92;
const SMALL_U = 117;
/** Bytes of `\uXXXX`. */
const UNIT_BYTES = 6;

/** What the characters mean that may follow a backslash, besides u. */
const MEANING = new Uint8Array(128);
for (const [character, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'])
  MEANING[(character ?? '').charCodeAt(0)] = (meaning ?? '').charCodeAt(0);

const INITIAL_BYTES = 256;

/** What valid JSON strings mean, in UTF-8, in a buffer of its own that the next one overwrites. */
export class JsonUnescape {
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Of `bytes`. */
  view = new DataView(this.bytes.buffer);
  length = 0;

  /** Reads what stands within the quotes. False: it has half of a surrogate pair, which is no character. */
  read(from: Buffer, start: number, end: number): boolean {
    this.reserve(end - start);
    const { bytes } = this;
    let length = 0;
    let at = start;
    while (at < end) {
      const byte = from[at] ?? 0;
      if (byte !== BACKSLASH) {
        bytes[length++] = byte;
        at++;
        continue;
      }
      const next = from[at + 1] ?? 0;
      if (next !== SMALL_U) {
        bytes[length++] = MEANING[next] ?? 0;
        at += 2;
        continue;
      }
      let character = codeUnit(from, at);
      at += UNIT_BYTES;
      if (character >= 0xd800 && character <= 0xdfff) {
        const isPair = character < 0xdc00 && from[at] === BACKSLASH && from[at + 1] === SMALL_U;
        const low = isPair && at + UNIT_BYTES <= end ? codeUnit(from, at) : 0;
        if (low < 0xdc00 || low > 0xdfff) return false;
        character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
        at += UNIT_BYTES;
      }
      length = writeCharacter(bytes, length, character);
    }
    this.length = length;
    return true;
  }

  /** No string is longer than it is written. */
  private reserve(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    this.bytes = Buffer.allocUnsafeSlow(2 * bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** The number of a `\uXXXX`. */
export function codeUnit(bytes: Buffer, start: number): number {
  let unit = 0;
  for (let at = start + 2; at < start + UNIT_BYTES; at++) unit = (unit << 4) | hexDigit(bytes[at] ?? 0);
  return unit;
}

/** Letters, of either case, have their number in the lower four bits, and 64 as no digit has. */
function hexDigit(byte: number): number {
  return (byte & 15) + (byte >= 64 ? 9 : 0);
}

function writeCharacter(bytes: Buffer, start: number, character: number): number {
  let end = start;
  if (character < 0x80) {
    bytes[end++] = character;
    return end;
  }
  if (character < 0x800) {
    bytes[end++] = 0xc0 | (character >> 6);
  } else {
    if (character < 0x10000) {
      bytes[end++] = 0xe0 | (character >> 12);
    } else {
      bytes[end++] = 0xf0 | (character >> 18);
      bytes[end++] = 0x80 | ((character >> 12) & 63);
    }
    bytes[end++] = 0x80 | ((character >> 6) & 63);
  }
  bytes[end++] = 0x80 | (character & 63);
  return end;
}

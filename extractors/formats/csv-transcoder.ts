import * as iconv from 'iconv-lite';

/** What stands in UTF-8 for bytes that mean nothing in the encoding of the file: it is never valid, so their row becomes a reject. */
const INVALID_BYTE = Buffer.of(0xff);

const REPLACEMENT = '\ufffd';
const LONE_SURROGATES = /\p{Surrogate}/gu;
const REPLACEMENTS = /\ufffd/g;

/** Encodings of all of Unicode: a replacement character in their text may be the file's own. */
const UNICODE_NAMES = /^(?:utf|ucs)/i;
const TWO_BYTE_NAMES = /^(?:utf-?16|ucs-?2)/i;
const FOUR_BYTE_NAMES = /^(?:utf-?32|ucs-?4)/i;

/** Turns the bytes of any encoding into UTF-8, piece by piece. Bytes that are not valid become bytes that are not valid UTF-8. */
export class CsvTranscoder {
  private readonly decoder: iconv.DecoderStream;
  private readonly invalid: RegExp;
  /** Bytes of which there must be a multiple. */
  private readonly unit: number;
  private bytes = 0;
  /** The first half of a surrogate pair whose second half comes with the next piece. */
  private pending = '';

  /** `encoding`: a name for which `iconv.encodingExists`. */
  constructor(encoding: string) {
    this.decoder = iconv.getDecoder(encoding, { stripBOM: false });
    this.unit = unitOf(encoding);
    this.invalid = UNICODE_NAMES.test(encoding) ? LONE_SURROGATES : REPLACEMENTS;
  }

  write(piece: Uint8Array): Uint8Array {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    this.bytes += bytes.length;
    let text = this.pending + this.decoder.write(bytes);
    this.pending = '';
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.pending = text.slice(-1);
      text = text.slice(0, -1);
    }
    return this.encode(text);
  }

  end(): Uint8Array {
    const text = this.pending + (this.decoder.end() ?? '');
    this.pending = '';
    // The decoder forgets half of a character at the end without a word.
    const cut = this.bytes % this.unit > 0;
    return cut ? Buffer.concat([this.encode(text), INVALID_BYTE]) : this.encode(text);
  }

  private encode(text: string): Uint8Array {
    if (this.invalid === REPLACEMENTS ? !text.includes(REPLACEMENT) : text.search(LONE_SURROGATES) === -1) {
      return Buffer.from(text, 'utf8');
    }
    const pieces: Buffer[] = [];
    text.split(this.invalid).forEach((valid, index) => {
      if (index > 0) pieces.push(INVALID_BYTE);
      pieces.push(Buffer.from(valid, 'utf8'));
    });
    return Buffer.concat(pieces);
  }
}

function unitOf(encoding: string): number {
  if (FOUR_BYTE_NAMES.test(encoding)) return 4;
  return TWO_BYTE_NAMES.test(encoding) ? 2 : 1;
}

import { BeamliftError } from '../../core/errors';
import type { FileContent } from './format-reader';
import { parseFileMetadata, type ParquetMetadata } from './parquet-metadata';
import { ThriftError } from './parquet-thrift';

/** The largest footer that is read. Files with 10,000 columns and 100 row groups have about 100 MB. */
const MAX_FOOTER_BYTES = 256 * 1024 * 1024;

/** Behind the footer: its length (4 bytes) and the magic. */
const TRAILER_BYTES = 8;

/** The magic at both ends, and that of a file whose footer is encrypted. */
const MAGIC = 'PAR1';
const ENCRYPTED_MAGIC = 'PARE';

/** A first read of so many bytes holds the whole footer of most files. */
const FIRST_READ_BYTES = 64 * 1024;

/** What the end of a Parquet file says. */
export interface ParquetFooter extends ParquetMetadata {
  /** Where the data ends and the footer begins. */
  readonly start: number;
  /** The last bytes of the data, which came with the footer: often the whole of a small file. */
  readonly before: Uint8Array;
  /** What a decoder is given instead of the bytes from `start` on. */
  readonly replacement: Uint8Array;
}

/**
 * Reads and checks the footer of a Parquet file.
 * Throws FORMAT_INVALID with the reason when it is not one, is truncated, encrypted, or contradicts itself.
 */
export async function readParquetFooter(file: FileContent, signal: AbortSignal): Promise<ParquetFooter> {
  const smallest = MAGIC.length + TRAILER_BYTES;
  if (file.bytes < smallest)
    throw invalid(file, `it has ${file.bytes} bytes, and the smallest Parquet file has ${smallest}`);
  const [head, lastBytes] = await Promise.all([
    file.slice(0, MAGIC.length, signal),
    file.slice(Math.max(0, file.bytes - FIRST_READ_BYTES), file.bytes, signal),
  ]);
  const firstMagic = Buffer.from(head).toString('latin1');
  if (firstMagic !== MAGIC && firstMagic !== ENCRYPTED_MAGIC)
    throw invalid(file, `it does not begin with ${MAGIC}`);
  let tail = lastBytes;
  const trailer = Buffer.from(tail.subarray(tail.length - TRAILER_BYTES));
  const magic = trailer.toString('latin1', 4);
  if (magic === ENCRYPTED_MAGIC) throw invalid(file, 'its footer is encrypted, and keys are not supported');
  if (magic !== MAGIC)
    throw invalid(file, `it does not end with ${MAGIC}, so it was cut off or never finished`);
  const length = trailer.readUInt32LE(0);
  const start = file.bytes - TRAILER_BYTES - length;
  if (start < MAGIC.length) throw invalid(file, `its footer claims ${length} bytes, more than the file has`);
  if (length > MAX_FOOTER_BYTES)
    throw invalid(file, `its footer has ${length} bytes, more than ${MAX_FOOTER_BYTES}`);
  if (length + TRAILER_BYTES > tail.length) tail = await file.slice(start, file.bytes, signal);
  const footer = tail.subarray(tail.length - TRAILER_BYTES - length, tail.length - TRAILER_BYTES);
  try {
    const { metadata, rewritten } = parseFileMetadata(footer, start);
    const before = tail.subarray(0, tail.length - TRAILER_BYTES - length);
    return { ...metadata, start, before, replacement: withTrailer(rewritten) };
  } catch (error) {
    if (error instanceof ThriftError) throw invalid(file, `its footer has ${error.message}`, error);
    throw error;
  }
}

function withTrailer(footer: Uint8Array): Uint8Array {
  const whole = Buffer.alloc(footer.length + TRAILER_BYTES);
  whole.set(footer);
  whole.writeUInt32LE(footer.length, footer.length);
  whole.write(MAGIC, footer.length + 4, 'latin1');
  return whole;
}

function invalid(file: FileContent, why: string, cause?: unknown): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: 'The file is not a readable Parquet file.',
    where: { object: file.uri },
    why: `Not readable: ${why}.`,
    hint: 'Check that the file is complete and that its format is parquet; write it again at its source.',
    ...(cause === undefined ? {} : { cause }),
  });
}

import { PHYSICAL } from '../parquet-schema';
import { DeltaBinary } from './delta-binary';
import { RUNS_OVERRUN_BYTES } from './hybrid-runs';
import { DamagedPage, UnreadPage } from './page-errors';
import { ENCODING } from './page-plan';

/** How values of a leaf are stored. */
export interface StoredLeaf {
  readonly physical: number;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number;
}

/** A page that becomes larger is left to the other decoder, in bytes. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** Bytes of a length that stands before a text. */
const LENGTH_BYTES = 4;

/**
 * The values of a page as the encoding PLAIN has them, whole: pages of these encodings are rarer than others, and not large.
 * `bytes` has RUNS_OVERRUN_BYTES more than the page; `values`: at most so many. Throws DamagedPage, and UnreadPage for encodings that the type does
 * not have here.
 */
export function plainPage(encoding: number, leaf: StoredLeaf, bytes: Uint8Array, values: number): Uint8Array {
  const { physical } = leaf;
  const isBytes = physical === PHYSICAL.byteArray;
  if (encoding === ENCODING.byteStreamSplit && storedBytes(leaf) > 0)
    return joinedStreams(bytes, storedBytes(leaf));
  if (encoding === ENCODING.deltaBinaryPacked && physical === PHYSICAL.int32)
    return integers(bytes, values, 1);
  if (encoding === ENCODING.deltaBinaryPacked && physical === PHYSICAL.int64)
    return integers(bytes, values, 2);
  if (encoding === ENCODING.deltaLengthByteArray && isBytes) return texts(bytes, values);
  if (encoding === ENCODING.deltaByteArray && isBytes) return textsWithPrefixes(bytes, values);
  throw new UnreadPage(`encoding ${encoding}`);
}

function storedBytes({ physical, length }: StoredLeaf): number {
  switch (physical) {
    case PHYSICAL.int32:
    case PHYSICAL.float:
      return 4;
    case PHYSICAL.int64:
    case PHYSICAL.double:
      return 8;
    case PHYSICAL.fixed:
      return length;
    default:
      return 0;
  }
}

/** BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones. */
function joinedStreams(bytes: Uint8Array, width: number): Uint8Array {
  const end = bytes.length - RUNS_OVERRUN_BYTES;
  const count = end / width;
  if (!Number.isInteger(count)) throw new DamagedPage(`${end} bytes of values of ${width}`);
  const plain = new Uint8Array(end);
  let from = 0;
  for (let byte = 0; byte < width; byte++)
    for (let to = byte; to < end; to += width) plain[to] = bytes[from++] ?? 0;
  return plain;
}

function integers(bytes: Uint8Array, values: number, words: 1 | 2): Uint8Array {
  const delta = new DeltaBinary();
  delta.open(bytes, 0, bytes.length - RUNS_OVERRUN_BYTES, words === 1 ? 32 : 64);
  const count = countOf(delta, values);
  const numbers = new Int32Array(count * words);
  delta.read(numbers, 0, count, words);
  return new Uint8Array(numbers.buffer);
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
function texts(bytes: Uint8Array, values: number): Uint8Array {
  const { numbers: lengths, endAt } = lengthsFrom(bytes, 0, values);
  const plain = roomFor(lengths, undefined);
  const end = bytes.length - RUNS_OVERRUN_BYTES;
  let from = endAt;
  let to = 0;
  for (const length of lengths) {
    if (from + length > end) throw new DamagedPage('a page that ends before its values do');
    to = putLength(plain, to, length);
    plain.set(bytes.subarray(from, from + length), to);
    from += length;
    to += length;
  }
  return plain;
}

/** DELTA_BYTE_ARRAY: how much of the text before each begins with, then what is behind that as DELTA_LENGTH_BYTE_ARRAY. */
function textsWithPrefixes(bytes: Uint8Array, values: number): Uint8Array {
  const { numbers: prefixes, endAt } = lengthsFrom(bytes, 0, values);
  const suffixes = lengthsFrom(bytes, endAt, values);
  if (suffixes.numbers.length !== prefixes.length) throw new DamagedPage('other prefixes than values');
  const plain = roomFor(prefixes, suffixes.numbers);
  const end = bytes.length - RUNS_OVERRUN_BYTES;
  let from = suffixes.endAt;
  let to = 0;
  let before = 0;
  let lengthBefore = 0;
  prefixes.forEach((prefix, index) => {
    const suffix = suffixes.numbers[index] ?? 0;
    if (prefix > lengthBefore) throw new DamagedPage('a prefix that is longer than the text before');
    if (from + suffix > end) throw new DamagedPage('a page that ends before its values do');
    to = putLength(plain, to, prefix + suffix);
    plain.copyWithin(to, before, before + prefix);
    plain.set(bytes.subarray(from, from + suffix), to + prefix);
    before = to;
    lengthBefore = prefix + suffix;
    from += suffix;
    to += lengthBefore;
  });
  return plain;
}

function lengthsFrom(
  bytes: Uint8Array,
  start: number,
  values: number,
): { numbers: Int32Array; endAt: number } {
  const delta = new DeltaBinary();
  delta.open(bytes, start, bytes.length - RUNS_OVERRUN_BYTES, 32);
  const count = countOf(delta, values);
  const numbers = new Int32Array(count);
  delta.read(numbers, 0, count, 1);
  for (const length of numbers) if (length < 0) throw new DamagedPage(`a text of ${length} bytes`);
  return { numbers, endAt: delta.endAt };
}

function countOf({ left }: DeltaBinary, values: number): number {
  if (left > values) throw new DamagedPage(`${left} numbers for ${values} values`);
  return left;
}

/** For texts behind their lengths. */
function roomFor(lengths: Int32Array, others: Int32Array | undefined): Uint8Array {
  let bytes = lengths.length * LENGTH_BYTES;
  for (const length of lengths) bytes += length;
  if (others !== undefined) for (const length of others) bytes += length;
  if (bytes > MAX_BYTES) throw new UnreadPage(`a page that becomes ${bytes} bytes`);
  return new Uint8Array(bytes);
}

function putLength(to: Uint8Array, at: number, length: number): number {
  to[at] = length;
  to[at + 1] = length >> 8;
  to[at + 2] = length >> 16;
  to[at + 3] = length >> 24;
  return at + LENGTH_BYTES;
}

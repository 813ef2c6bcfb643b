/** What a zstd frame begins with (RFC 8878), little-endian. */
const FRAME_MAGIC = 0xfd2fb528;
/** And one that is to be skipped, whatever its last four bits. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/** Bytes of a block's header. */
export const BLOCK_HEADER_BYTES = 3;

/** The most that a block can become, in bytes, and the largest that is stored (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 128 * 1024;

/** Bytes of a frame's header before the parts whose lengths its flags say: the magic number and the flags. */
export const FRAME_FLAGS_BYTES = 5;

const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

export type Magic = 'frame' | 'skippable' | undefined;

/** What begins with these bytes. */
export function zstdMagic(head: Uint8Array): Magic {
  if (head.length < 4) return undefined;
  const magic = Buffer.from(head).readUInt32LE(0);
  if (magic === FRAME_MAGIC) return 'frame';
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC ? 'skippable' : undefined;
}

export interface FrameHeader {
  /** Bytes that must be kept to decompress what follows. */
  readonly window: number;
  /** Absent: the frame does not say it. */
  readonly contentBytes: number | undefined;
  /** 0: none. */
  readonly dictionary: number;
  readonly hasChecksum: boolean;
  /** Set by no writer that follows the format. */
  readonly isReserved: boolean;
}

/** Bytes of the header whose flags are its fifth byte. */
export function frameHeaderBytes(flags: number): number {
  const single = isSingleSegment(flags);
  return FRAME_FLAGS_BYTES + (single ? 0 : 1) + dictionaryBytes(flags) + contentSizeBytes(flags);
}

/** `header`: all its `frameHeaderBytes`. */
export function readFrameHeader(header: Buffer): FrameHeader {
  const flags = header[4] ?? 0;
  const single = isSingleSegment(flags);
  const dictionaryAt = FRAME_FLAGS_BYTES + (single ? 0 : 1);
  const sizeAt = dictionaryAt + dictionaryBytes(flags);
  const contentBytes = contentSize(header, sizeAt, contentSizeBytes(flags));
  return {
    window: single ? (contentBytes ?? 0) : windowBytes(header[FRAME_FLAGS_BYTES] ?? 0),
    contentBytes,
    dictionary: littleEndian(header, dictionaryAt, dictionaryBytes(flags)),
    hasChecksum: (flags & 4) !== 0,
    isReserved: (flags & 8) !== 0,
  };
}

export interface BlockHeader {
  readonly isLast: boolean;
  /** Bytes that follow. */
  readonly storedBytes: number;
  /** No block can be so. */
  readonly isInvalid: boolean;
}

/** `header`: its `BLOCK_HEADER_BYTES`. */
export function readBlockHeader(header: Buffer): BlockHeader {
  const bits = header.readUIntLE(0, BLOCK_HEADER_BYTES);
  const kind = (bits >> 1) & 3;
  const bytes = bits >> 3;
  // One byte that is repeated so often.
  const isRun = kind === 1;
  return {
    isLast: (bits & 1) !== 0,
    storedBytes: isRun ? 1 : bytes,
    isInvalid: kind === 3 || bytes > MAX_BLOCK_BYTES,
  };
}

function isSingleSegment(flags: number): boolean {
  return (flags & 32) !== 0;
}

function dictionaryBytes(flags: number): number {
  return DICTIONARY_BYTES[(flags & 3) as 0 | 1 | 2 | 3];
}

function contentSizeBytes(flags: number): number {
  const code = (flags >> 6) as 0 | 1 | 2 | 3;
  return code === 0 && isSingleSegment(flags) ? 1 : CONTENT_SIZE_BYTES[code];
}

function contentSize(header: Buffer, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  // Two bytes count from 256 on.
  return littleEndian(header, at, bytes) + (bytes === 2 ? 256 : 0);
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function littleEndian(header: Buffer, at: number, bytes: number): number {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index--) value = value * 256 + (header[at + index] ?? 0);
  return value;
}

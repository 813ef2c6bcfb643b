import { BeamliftError, messageOf } from '../../core/errors';
import type { FileContent } from '../formats/format-reader';
import { ByteInput } from './byte-input';
import { compressedContent, refuseBomb, type Decompressed } from './compressed-content';
import { libraryZstdDecoder, nodeZstdDecoder, type MakeZstdDecoder, type ZstdDecoder } from './zstd-decoder';
import {
  BLOCK_HEADER_BYTES,
  FRAME_FLAGS_BYTES,
  frameHeaderBytes,
  readBlockHeader,
  readFrameHeader,
  zstdMagic,
  type FrameHeader,
} from './zstd-frame';

/** The largest window is 2 to the power of this, 128 MiB: what `zstd -d` allows itself without --long. All of it is kept in memory. */
const MAX_WINDOW_LOG = 27;
export const MAX_WINDOW_BYTES = 2 ** MAX_WINDOW_LOG;

const MAGIC_BYTES = 4;
const CHECKSUM_BYTES = 4;

export function isZstd(head: Uint8Array): boolean {
  return zstdMagic(head) !== undefined;
}

/** A zstd file as its decompressed content: readable from its beginning only. */
export function zstdContent(compressed: FileContent): FileContent {
  return compressedContent(compressed, unzstd);
}

/**
 * Decompresses zstd frames. It ends only when the last one was whole and its checksum, where it has one, was right: throws FORMAT_INVALID
 * for truncated or damaged frames, for anything that is none, and for frames that need a dictionary; LIMIT_EXCEEDED for windows of more than
 * `MAX_WINDOW_BYTES`, and for a bomb. Pulls: a window and a few blocks are in memory. `progress` counts bytes of the stream that runs.
 */
export async function* unzstd(
  compressed: AsyncIterable<Uint8Array>,
  progress: Decompressed = { consumed: 0, produced: 0 },
  makeDecoder: MakeZstdDecoder = nodeZstdDecoder(MAX_WINDOW_LOG) ?? libraryZstdDecoder,
): AsyncGenerator<Uint8Array> {
  const input = new ByteInput(compressed);
  let produced = 0;
  try {
    for (;;) {
      const start = input.bytes;
      const magic = await input.take(MAGIC_BYTES);
      if (magic.length === 0 && start > 0) return;
      const kind = zstdMagic(magic);
      if (kind === undefined) throw start === 0 ? truncated(produced) : trailingGarbage(start);
      if (kind === 'skippable') {
        await skipFrame(input, produced);
        continue;
      }
      for await (const piece of frame(input, magic, makeDecoder, () => produced)) {
        produced += piece.length;
        progress.consumed = input.bytes;
        progress.produced = produced;
        refuseBomb('zstd', progress);
        yield piece;
      }
    }
  } finally {
    await input.close();
  }
}

async function* frame(
  input: ByteInput,
  magic: Buffer,
  makeDecoder: MakeZstdDecoder,
  produced: () => number,
): AsyncGenerator<Uint8Array> {
  const take = async (count: number): Promise<Buffer> => {
    const bytes = await input.take(count);
    if (bytes.length < count) throw truncated(produced());
    return bytes;
  };
  const flags = await take(FRAME_FLAGS_BYTES - MAGIC_BYTES);
  const rest = await take(frameHeaderBytes(flags[0] ?? 0) - FRAME_FLAGS_BYTES);
  const stored = Buffer.concat([magic, flags, rest]);
  const header = readFrameHeader(stored);
  refuseHeader(header, produced());
  let decoder: ZstdDecoder | undefined;
  const decoded = async (
    work: (decoder: ZstdDecoder) => Promise<readonly Uint8Array[]>,
  ): Promise<readonly Uint8Array[]> => {
    try {
      decoder ??= makeDecoder(header, stored);
      return await work(decoder);
    } catch (error) {
      throw damaged(messageOf(error), produced(), error);
    }
  };
  try {
    for (let isLast = false; !isLast;) {
      const blockHeader = await take(BLOCK_HEADER_BYTES);
      const block = readBlockHeader(blockHeader);
      if (block.isInvalid) throw damaged('no block can be so', produced());
      const whole = Buffer.concat([blockHeader, await take(block.storedBytes)]);
      isLast = block.isLast;
      yield* await decoded((engine) => engine.block(whole));
    }
    const checksum = await take(header.hasChecksum ? CHECKSUM_BYTES : 0);
    yield* await decoded((engine) => engine.end(checksum));
  } finally {
    decoder?.close();
  }
}

async function skipFrame(input: ByteInput, produced: number): Promise<void> {
  const size = await input.take(4);
  if (size.length < 4 || !(await input.skip(size.readUInt32LE(0)))) throw truncated(produced);
}

function refuseHeader({ window, dictionary, isReserved }: FrameHeader, produced: number): void {
  if (isReserved) throw damaged('a bit of a frame header is set that has no meaning', produced);
  if (dictionary !== 0) {
    throw new BeamliftError('FORMAT_INVALID', {
      what: `The zstd stream was written with a dictionary (${dictionary}).`,
      why: 'Without that dictionary it cannot be decompressed.',
      hint: 'Compress the file without --dict (-D), or decompress it.',
    });
  }
  if (window > MAX_WINDOW_BYTES) {
    throw new BeamliftError('LIMIT_EXCEEDED', {
      what: `The zstd stream needs ${window} bytes of memory to be decompressed; at most ${MAX_WINDOW_BYTES} are given to it.`,
      why: 'It was written with --ultra or --long, for a larger window.',
      hint: 'Compress the file again without these options (or with --long=27), or decompress it.',
    });
  }
}

function truncated(produced: number): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: 'The zstd stream ends too early.',
    why: `It breaks off after ${produced} decompressed bytes, in the middle of a frame: the file is truncated.`,
    hint: 'Copy or export the file again.',
  });
}

function damaged(why: string, produced: number, cause?: unknown): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: 'The zstd stream is damaged.',
    why: `${why}, after ${produced} decompressed bytes.`,
    hint: 'Copy or export the file again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function trailingGarbage(end: number): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: 'Something follows the end of the zstd stream.',
    why: `A frame ends at byte ${end}, and bytes that are not another one come after it.`,
    hint: 'Two files may have been joined, or a copy was resumed at the wrong place: copy the file again.',
  });
}

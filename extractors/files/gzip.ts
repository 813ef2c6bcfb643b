import { createGunzip, type Gunzip } from 'node:zlib';
import { BeamliftError, messageOf, systemCode } from '../../core/errors';
import type { FileContent } from '../formats/format-reader';
import { compressedContent, refuseBomb, type Decompressed } from './compressed-content';

/** What a gzip stream begins with: its magic number and the only method there is (RFC 1952). */
const GZIP_MAGIC = [0x1f, 0x8b, 0x08];

/** Decompressed bytes of one piece. */
const PIECE_BYTES = 64 * 1024;

export function isGzip(head: Uint8Array): boolean {
  return GZIP_MAGIC.every((byte, index) => head[index] === byte);
}

/** A gzip file as its decompressed content: readable from its beginning only. */
export function gzipContent(compressed: FileContent): FileContent {
  return compressedContent(compressed, gunzip);
}

/**
 * Decompresses a stream of gzip members. It ends only when the last member's checksum and length were right and nothing but zeros
 * (padding) follows: throws FORMAT_INVALID for truncated or damaged streams and for anything behind them, LIMIT_EXCEEDED for
 * a bomb. Pulls: at most a few pieces are in memory. `progress` counts bytes of the stream that runs.
 */
export async function* gunzip(
  compressed: AsyncIterable<Uint8Array>,
  progress: Decompressed = { consumed: 0, produced: 0 },
): AsyncGenerator<Uint8Array> {
  const engine = createGunzip({ chunkSize: PIECE_BYTES });
  const input = new Input(engine);
  const pumped = input.pump(compressed);
  void pumped.catch(() => undefined);
  let produced = 0;
  try {
    for await (const piece of engine as AsyncIterable<Uint8Array>) {
      produced += piece.length;
      progress.consumed = engine.bytesWritten;
      progress.produced = produced;
      refuseBomb('gzip', progress);
      yield piece;
    }
    await pumped;
  } catch (error) {
    throw gzipError(error, produced);
  } finally {
    engine.destroy();
    await pumped.catch(() => undefined);
  }
  // zlib stops at the first zero behind a member, whatever comes after it.
  if (input.lastNonZero >= engine.bytesWritten) throw trailingGarbage(engine.bytesWritten);
}

/** Feeds the engine at its own pace. */
class Input {
  /** Place in the stream of the last byte that is not zero; -1 before any. */
  lastNonZero = -1;
  private bytes = 0;

  constructor(private readonly engine: Gunzip) {}

  /** Ends with the stream, also when the engine has had enough: what is behind its end must be looked at. */
  async pump(compressed: AsyncIterable<Uint8Array>): Promise<void> {
    const { engine } = this;
    try {
      for await (const piece of compressed) {
        if (engine.destroyed && !engine.readableEnded) return;
        this.note(piece);
        if (!engine.readableEnded && !engine.write(piece)) await nextTurn(engine);
      }
      if (!engine.readableEnded) engine.end();
    } catch (error) {
      engine.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  private note(piece: Uint8Array): void {
    let last = piece.length - 1;
    while (last >= 0 && piece[last] === 0) last--;
    if (last >= 0) this.lastNonZero = this.bytes + last;
    this.bytes += piece.length;
  }
}

/** When the engine wants more, or never will. */
function nextTurn(engine: Gunzip): Promise<void> {
  const events = ['drain', 'end', 'close', 'error'];
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) engine.off(event, done);
      resolve();
    };
    for (const event of events) engine.on(event, done);
  });
}

function gzipError(error: unknown, produced: number): unknown {
  const code = systemCode(error);
  if (code?.startsWith('Z_') !== true) return error;
  if (code === 'Z_BUF_ERROR') {
    return new BeamliftError('FORMAT_INVALID', {
      what: 'The gzip stream ends too early.',
      why: `It breaks off after ${produced} decompressed bytes, without the checksum that gzip writes at the end: the file is truncated.`,
      hint: 'Copy or export the file again.',
      cause: error,
    });
  }
  return new BeamliftError('FORMAT_INVALID', {
    what: 'The gzip stream is damaged.',
    why: `${messageOf(error)}, after ${produced} decompressed bytes.`,
    hint: 'Copy or export the file again.',
    cause: error,
  });
}

function trailingGarbage(end: number): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', {
    what: 'Something follows the end of the gzip stream.',
    why: `The stream ends at byte ${end}, and bytes that are neither padding nor another gzip stream come after it.`,
    hint: 'Two files may have been joined, or a copy was resumed at the wrong place: copy the file again.',
  });
}

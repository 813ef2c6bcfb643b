import { BATCH_BYTES, type RowBatch } from '../../core/extractor';
import type { FileContent } from './format-reader';

/** Finds records in bytes that come piece by piece, and gives them to whoever collects them. */
interface RecordScanner {
  /** Scanned so far, of the file. */
  readonly bytes: number;
  feed(piece: Uint8Array): void;
  end(): void;
}

/** The content in pieces of at most `BATCH_BYTES`, whatever the chunks of its stream are. */
export async function* piecesOf(file: FileContent, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of file.stream(signal)) {
    for (let start = 0; start < chunk.length; start += BATCH_BYTES) {
      signal.throwIfAborted();
      yield chunk.subarray(start, start + BATCH_BYTES);
    }
  }
}

/** Scans the file; `take` gives what was collected since its last call, a batch for about each `batchBytes` (0: for each piece) and one at the end. */
export async function* scanBatches(
  file: FileContent,
  scanner: RecordScanner,
  take: (bytes: number) => RowBatch,
  signal: AbortSignal,
  batchBytes = BATCH_BYTES,
): AsyncGenerator<RowBatch> {
  let taken = 0;
  for await (const piece of piecesOf(file, signal)) {
    scanner.feed(piece);
    if (scanner.bytes - taken < batchBytes) continue;
    yield take(scanner.bytes - taken);
    taken = scanner.bytes;
  }
  scanner.end();
  yield take(scanner.bytes - taken);
}

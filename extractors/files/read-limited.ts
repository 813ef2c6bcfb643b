import type { RowBatch } from '../../core/extractor';

/** At most `limit` rows and rejects (both count as extracted), the rows of a batch first; null: all. Stops reading when there are enough. */
export async function* readLimited(
  batches: AsyncIterable<RowBatch>,
  limit: number | null,
): AsyncGenerator<RowBatch> {
  if (limit === null) {
    yield* batches;
    return;
  }
  let left = limit;
  if (left <= 0) return;
  for await (const batch of batches) {
    const rows = batch.rows.slice(0, left);
    const rejects = batch.rejects.slice(0, left - rows.length);
    left -= rows.length + rejects.length;
    yield { ...batch, rows, rejects };
    if (left <= 0) return;
  }
}

import type { RowBatch } from '../../core/extractor';
import type { RawRows } from '../../core/raw-rows';

/** At most `limit` rows and rejects (both count as extracted), the rows of a batch first, then undecoded ones; null: all. Stops reading when there are enough. */
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
    left -= rows.length;
    const raw = batch.raw === undefined ? undefined : firstRows(batch.raw, left);
    left -= raw?.rows ?? 0;
    const rejects = batch.rejects.slice(0, left);
    left -= rejects.length;
    yield { ...batch, rows, rejects, ...(raw === undefined ? {} : { raw }) };
    if (left <= 0) return;
  }
}

/** At most `count` of them. */
export function firstRows(raw: RawRows, count: number): RawRows {
  return raw.rows <= count ? raw : { ...raw, rows: count };
}

import type { BigQueryConnection } from '../../core/clients/bigquery-connection';
import type { Relation } from './relation';

/** What a person should know about reading this source before it is read. */
export function sourceNotices(relation: Relation, connection: BigQueryConnection): string[] {
  const { table, name, isStored, columns } = relation;
  const notices: string[] = [];
  const isRest = connection.read_method === 'rest';
  if (isStored && !isRest) {
    notices.push(
      `All units read ${name} as it is at one moment, which is fixed when the run begins. Streams of the Storage Read API can be read for 6 hours or more; a run that takes longer fails, and publishes nothing.`,
    );
  } else {
    const where =
      connection.temporary_dataset === undefined
        ? "BigQuery's hidden dataset of results (10 GB at most; `temporary_dataset` takes more)"
        : `${connection.temporary_dataset}, in a table that expires after a day`;
    const why = isStored
      ? `read_method is rest: ${name} is queried at one moment`
      : `${name} is run as a query`;
    notices.push(
      `${why}, once, when the run begins, and billed to ${connection.billing_project ?? connection.project}. The units read its result, which is kept in ${where}.`,
    );
  }
  if (table?.resource.streamingBuffer !== undefined) {
    notices.push(
      `${name} has rows in its streaming buffer: rows that are being streamed in at the moment of the run may be missing, and are then read by a later one.`,
    );
  }
  const ranges = columns.filter(({ field }) => field.type.toUpperCase() === 'RANGE');
  if (ranges.length > 0) {
    notices.push(
      `Read as text: ${ranges.map(({ column }) => `${column.name} (${column.nativeType ?? 'RANGE'})`).join(', ')}.`,
    );
  }
  return notices;
}

import type { Relation } from './relation';
import type { ServerFacts } from './server-facts';

/** What a person should know about reading this source before it is read. */
export function sourceNotices(relation: Relation, facts: ServerFacts, exportsSnapshots: boolean): string[] {
  const { table, name } = relation;
  const notices = [
    exportsSnapshots
      ? 'All units read one snapshot: the database as it is at one moment of the run.'
      : 'The server exports no snapshots, so everything is read as one unit: several would see different moments.',
  ];
  if (facts.inRecovery) {
    notices.push(
      'The server is a standby: rows arrive with its delay, and it may end long reads that conflict with its primary (hot_standby_feedback, max_standby_streaming_delay).',
    );
  }
  if (facts.behindPooler) {
    notices.push(
      'The connection goes through a pooler. A unit whose connection ends up at another server than the snapshot fails; connect to the server itself if that happens.',
    );
  }
  if (table?.kind === 'foreign table') {
    notices.push(`${name} is a foreign table: the snapshot does not cover the server that it is on.`);
  }
  if (table?.kind === 'materialized view') {
    notices.push(`${name} is a materialized view: it has the rows of its last REFRESH.`);
  }
  if (table?.rowsHidden === true) {
    notices.push(
      `Row-level security applies to user ${facts.user}: only rows that the policies of ${name} show are read.`,
    );
  }
  const asText = relation.columns.filter((column) => column.reading.isServerText);
  if (asText.length > 0) {
    const list = asText.map((column) => `${column.name} (${column.nativeType})`).join(', ');
    notices.push(`Read as the text that PostgreSQL writes: ${list}.`);
  }
  return notices;
}

import type { Relation } from './relation';
import type { ServerFacts } from './server-facts';

/** Engines whose tables a snapshot holds still. */
const TRANSACTIONAL_ENGINES: ReadonlySet<string> = new Set(['InnoDB', 'ROCKSDB', 'TokuDB']);

/** What a person should know about reading this source before it is read. */
export function sourceNotices(relation: Relation, facts: ServerFacts): string[] {
  const { table, name } = relation;
  const notices = [snapshotNotice(relation)];
  if (table?.engine !== undefined && !TRANSACTIONAL_ENGINES.has(table.engine)) {
    notices.push(
      `${name} is of the engine ${table.engine}, which has no snapshots: rows that are written while it is read may be seen or not.`,
    );
  }
  if (facts.isReplica) {
    notices.push('The server is a replica: rows arrive with its delay.');
  }
  const list = (kind: (column: Relation['columns'][number]) => boolean): string =>
    relation.columns
      .filter(kind)
      .map((column) => `${column.name} (${column.nativeType})`)
      .join(', ');
  const geometry = list(({ reading }) => reading.family === 'geometry');
  if (geometry !== '')
    notices.push(`Read as the text that MySQL writes (WKT, without its SRID): ${geometry}.`);
  const times = list(({ reading }) => reading.family === 'time');
  if (times !== '') {
    notices.push(
      `TIME reaches from -838:59:59 to 838:59:59 and is read as its text; a time column takes 00:00:00 to 24:00:00, text and interval columns take all: ${times}.`,
    );
  }
  return notices;
}

function snapshotNotice({ table, primaryKey }: Relation): string {
  if (table === undefined || primaryKey.length === 0) {
    return 'Everything is read as one unit, in one snapshot: the database as it is when the unit begins.';
  }
  return 'MySQL shares no snapshot between connections: each unit reads the moment at which it begins. Units are cut by the primary key alone, so that no row is in two of them; rows that are written while the run reads may be seen or not. `split.by: none` reads one unit in one snapshot.';
}

import type { DiscoveredObject } from '../../core/extractor';
import { writeQualifiedName } from './qualified-name';
import type { PostgresSession } from './session';

/** Everything that could be read, without system schemas and without partitions, whose parents have their rows. */
const TABLES_QUERY = `
SELECT n.nspname, c.relname, c.relkind,
  CASE WHEN c.relkind IN ('v', 'f') THEN NULL
    WHEN s.unknown THEN NULL ELSE round(s.tuples) END,
  CASE WHEN c.relkind IN ('v', 'f') THEN NULL ELSE s.bytes END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT sum(greatest(l.reltuples, 0)) AS tuples, sum(pg_table_size(l.oid)) AS bytes,
    bool_or(l.relkind IN ('r', 'm') AND (l.reltuples < 0 OR (l.relpages = 0 AND pg_relation_size(l.oid) > 0))) AS unknown
  FROM (SELECT relid FROM pg_partition_tree(c.oid::regclass) UNION SELECT c.oid) t JOIN pg_class l ON l.oid = t.relid
) s ON c.relkind NOT IN ('v', 'f')
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname`;

/**
 * Tables and views that the login may read. A pattern is a name with `*` (any characters) and `?` (one) in it, with or
 * without the schema: `public.*`, `order*`.
 */
export async function discoverTables(
  session: PostgresSession,
  pattern: string | undefined,
): Promise<DiscoveredObject[]> {
  const { rows } = await session.query(TABLES_QUERY);
  const matches = pattern === undefined ? () => true : patternTest(pattern);
  return rows
    .map(([schema, table, kind, tuples, bytes]) => ({
      kind: kind === 'v' || kind === 'm' ? ('view' as const) : ('table' as const),
      name: writeQualifiedName(schema ?? '', table ?? ''),
      schema: schema ?? '',
      table: table ?? '',
      rows: tuples === null || tuples === undefined ? null : Number(tuples),
      bytes: bytes === null || bytes === undefined ? null : Number(bytes),
    }))
    .filter(({ name, schema, table }) => matches(name) || matches(`${schema}.${table}`) || matches(table));
}

/** Letter case counts as in SQL: without quotes a name is lower case, and so is the pattern for it. */
function patternTest(pattern: string): (name: string) => boolean {
  const expression = Array.from(pattern, (character) => {
    if (character === '*') return '.*';
    if (character === '?') return '.';
    return character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }).join('');
  const whole = new RegExp(`^${expression}$`, 'su');
  return (name) => whole.test(name);
}

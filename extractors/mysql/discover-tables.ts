import type { DiscoveredObject } from '../../core/extractor';
import { writeQualifiedName } from './names';
import type { MysqlSession } from './session';

/** The catalogue shows what the login has any right to. */
const TABLES_QUERY = `
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, DATA_LENGTH
FROM information_schema.TABLES
WHERE TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
ORDER BY TABLE_SCHEMA, TABLE_NAME`;

/**
 * Tables and views that the login can see. A pattern is a name with `*` (any characters) and `?` (one) in it, with or without the
 * database: `shop.*`, `order*`.
 */
export async function discoverTables(
  session: MysqlSession,
  pattern: string | undefined,
): Promise<DiscoveredObject[]> {
  const { rows } = await session.query(TABLES_QUERY);
  const matches = pattern === undefined ? () => true : patternTest(pattern);
  return rows
    .map(([database, table, type, count, bytes]) => ({
      kind: type?.includes('VIEW') === true ? ('view' as const) : ('table' as const),
      name: writeQualifiedName(database ?? '', table ?? ''),
      schema: database ?? '',
      table: table ?? '',
      rows: count === null || count === undefined ? null : Number(count),
      bytes: bytes === null || bytes === undefined ? null : Number(bytes),
    }))
    .filter(({ name, schema, table }) => matches(name) || matches(`${schema}.${table}`) || matches(table));
}

function patternTest(pattern: string): (name: string) => boolean {
  const expression = Array.from(pattern, (character) => {
    if (character === '*') return '.*';
    if (character === '?') return '.';
    return character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }).join('');
  const whole = new RegExp(`^${expression}$`, 'su');
  return (name) => whole.test(name);
}

import { BeamliftError } from '../../core/errors';
import { nearestName } from '../../core/nearest-name';
import { parseQualifiedName, quoteIdentifier, writeQualifiedName } from './qualified-name';
import type { PostgresSession } from './session';

/** relkind of what can be read, and what people call it. */
const RELATION_KINDS = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
} as const;
export type RelationKind = (typeof RELATION_KINDS)[keyof typeof RELATION_KINDS];

export interface FoundTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** Whether row-level security hides rows from this login. */
  readonly rowsHidden: boolean;
}

const FIND_QUERY = `
SELECT c.oid, n.nspname, c.relname, c.relkind, row_security_active(c.oid),
  has_any_column_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'), current_user
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (n.nspname = $2 OR ($2 IS NULL AND pg_table_is_visible(c.oid)))`;

/**
 * A table, view or the like. With `schema`, both names mean themselves; without, `name` is a name as in SQL (`public."a.b"`),
 * looked up along `search_path` where it has no schema. Throws SOURCE_NOT_FOUND with the nearest name, RIGHTS_MISSING with the GRANT.
 */
export async function findTable(
  session: PostgresSession,
  schema: string | undefined,
  name: string,
): Promise<FoundTable> {
  const parts = schema === undefined ? parseQualifiedName(name) : [schema, name];
  const [table = '', wantedSchema, database] = [...parts].reverse();
  if (database !== undefined) await refuseOtherDatabase(session, database);
  const { rows } = await session.query(FIND_QUERY, [table, wantedSchema ?? null]);
  const [row] = rows;
  if (row === undefined) throw await notFound(session, wantedSchema, table);
  const [oid, foundSchema, foundName, kind, rowsHidden, readable, user] = row;
  const found: FoundTable = {
    oid: Number(oid),
    schema: foundSchema ?? '',
    name: foundName ?? '',
    kind: kindOf(kind),
    rowsHidden: rowsHidden === 't',
  };
  if (readable !== 't') throw rightsMissing(session, found, user ?? '');
  return found;
}

function kindOf(relkind: string | null | undefined): RelationKind {
  const entry = Object.entries(RELATION_KINDS).find(([letter]) => letter === relkind);
  return entry === undefined ? 'table' : entry[1];
}

async function refuseOtherDatabase(session: PostgresSession, database: string): Promise<void> {
  const current = await session.queryValue('SELECT current_database()');
  if (current === database) return;
  throw new BeamliftError('SOURCE_NOT_FOUND', {
    what: `The connection is to database "${current ?? ''}", the job reads from "${database}"`,
    where: session.place,
    hint: 'A connection reaches one database. Add another connection, or leave the database out of the name.',
  });
}

function rightsMissing(session: PostgresSession, table: FoundTable, user: string): BeamliftError {
  const name = writeQualifiedName(table.schema, table.name);
  const [quotedSchema, quotedUser] = [writeQualifiedName(table.schema), quoteIdentifier(user)];
  return new BeamliftError('RIGHTS_MISSING', {
    what: `User ${user} may not read ${name}`,
    where: { ...session.place, object: name },
    why: `It lacks SELECT on the ${table.kind}, or USAGE on its schema.`,
    hint: `As its owner: GRANT USAGE ON SCHEMA ${quotedSchema} TO ${quotedUser}; GRANT SELECT ON ${name} TO ${quotedUser};`,
  });
}

/** As many names are compared; a larger catalogue gives the names of the wanted schema first. */
const MAX_NAMES = 5_000;

const NAMES_QUERY = `
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY n.nspname IS DISTINCT FROM $1, c.relname
LIMIT ${MAX_NAMES}`;

async function notFound(
  session: PostgresSession,
  schema: string | undefined,
  table: string,
): Promise<BeamliftError> {
  const { rows } = await session.query(NAMES_QUERY, [schema ?? null]);
  const wanted = schema === undefined ? table : writeQualifiedName(schema, table);
  // the same table in another schema, the same name in other capitals, then a misspelling
  const names = rows.map(([inSchema, name]) => ({
    name: name ?? '',
    written: writeQualifiedName(inSchema ?? '', name ?? ''),
  }));
  const near = [
    ...names.filter(({ name }) => name.toLowerCase() === table.toLowerCase()).map(({ written }) => written),
    nearestName(
      schema === undefined ? `public.${table}` : wanted,
      names.map(({ written }) => written),
    ),
  ].find((candidate) => candidate !== undefined && candidate !== wanted);
  return new BeamliftError('SOURCE_NOT_FOUND', {
    what: `There is no table or view ${writeQualifiedName(...(schema === undefined ? [table] : [schema, table]))}`,
    where: { ...session.place, object: wanted },
    ...(rows.length === 0 ? { why: 'The database has no tables that this login can see.' } : {}),
    hint:
      near === undefined
        ? '`beamlift discover CONNECTION` lists what the connection can see. Names with capitals stand in double quotes.'
        : `Did you mean ${near}? (Names with capitals stand in double quotes.)`,
  });
}

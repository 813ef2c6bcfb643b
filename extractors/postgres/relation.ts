import { BeamliftError } from '../../core/errors';
import type { SourceObject } from '../../core/plan';
import type { ColumnType, TableSchema } from '../../core/schema';
import { checkColumnNames } from '../database/query-columns';
import { typesOfDeepArrays } from './array-dimensions';
import { readingOf, type ColumnReading } from './column-reading';
import { findTable, type FoundTable, type RelationKind } from './find-table';
import { quoteIdentifier, writeQualifiedName } from './qualified-name';
import type { ServerFacts } from './server-facts';
import type { PostgresSession } from './session';
import { loadTypes } from './type-catalogue';
import { checkFilter, describeQuery, queryAsSource } from './user-sql';

export interface RelationColumn {
  readonly name: string;
  readonly reading: ColumnReading;
  readonly nullable: boolean;
  readonly generated: boolean;
  readonly nativeType: string;
  readonly comment: string | undefined;
  /** Of the declared type: digits after the second of a timestamp; undefined: as many as there are. */
  readonly modifier: number;
  /** What a created table should hold, where the declared type does not say it: of arrays in arrays. */
  readonly inferredType?: ColumnType;
}

/** What a job reads: a table, a view or a query, as the catalogue describes it. */
export interface Relation {
  /** Undefined for a query. */
  readonly table: FoundTable | undefined;
  /** What stands behind FROM. */
  readonly from: string;
  /** How people call it. */
  readonly name: string;
  readonly columns: readonly RelationColumn[];
  readonly primaryKey: readonly string[];
}

/** Looks the object up (or has the query described) and decides how each column is read. Also checks the filter, if there is one. */
export async function loadRelation(
  session: PostgresSession,
  object: SourceObject,
  filter: string | undefined,
  facts: ServerFacts,
): Promise<Relation> {
  const relation = await describe(session, object, facts);
  if (filter !== undefined) await checkFilter(session, relation.from, filter);
  return relation;
}

async function describe(
  session: PostgresSession,
  object: SourceObject,
  facts: ServerFacts,
): Promise<Relation> {
  switch (object.kind) {
    case 'table':
      return await describeTable(session, await findTable(session, object.schema, object.name), facts);
    case 'query':
      return await describeQueryColumns(session, object.sql, facts);
    case 'files':
      throw new BeamliftError('INTERNAL', { what: 'A database connection was asked for files' });
  }
}

const COLUMNS_QUERY = `
SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated <> '',
  format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum),
  has_column_privilege(a.attrelid, a.attnum, 'SELECT'), a.attndims
FROM pg_attribute a
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`;

const PRIMARY_KEY_QUERY = `
SELECT a.attname
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1::oid AND i.indisprimary AND k.position <= i.indnkeyatts
ORDER BY k.position`;

async function describeTable(
  session: PostgresSession,
  table: FoundTable,
  facts: ServerFacts,
): Promise<Relation> {
  const oid = String(table.oid);
  const { rows } = await session.query(COLUMNS_QUERY, [oid]);
  const types = await loadTypes(
    session,
    rows.map((row) => Number(row[1])),
  );
  const key = await session.query(PRIMARY_KEY_QUERY, [oid]);
  const from = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const columns = rows.map(([name, type, modifier, notNull, generated, nativeType, comment]) => ({
    name: name ?? '',
    reading: readingOf(Number(type), Number(modifier), types, facts.isUtf8),
    nullable: notNull !== 't',
    generated: generated === 't',
    nativeType: nativeType ?? '',
    comment: comment ?? undefined,
    modifier: Number(modifier),
  }));
  const arrays = columns.flatMap(({ name, reading: { type } }, index) => {
    const [readable, dimensions] = rows[index]?.slice(7) ?? [];
    return type.kind === 'array' && readable === 't' ? [{ name, type, declared: Number(dimensions) }] : [];
  });
  const deep = CHEAP_TO_SAMPLE.has(table.kind)
    ? await typesOfDeepArrays(session, from, arrays)
    : new Map<string, ColumnType>();
  return {
    table,
    from,
    name: writeQualifiedName(table.schema, table.name),
    columns: columns.map((column) => {
      const inferredType = deep.get(column.name);
      return inferredType === undefined ? column : { ...column, inferredType };
    }),
    primaryKey: key.rows.map(([name]) => name ?? ''),
  };
}

/** The first rows of anything else may be the last step of much work. */
const CHEAP_TO_SAMPLE: ReadonlySet<RelationKind> = new Set([
  'table',
  'partitioned table',
  'materialized view',
]);

const TYPE_NAMES_QUERY = `
SELECT format_type(t.oid, t.modifier)
FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY t(oid, modifier, position) ORDER BY t.position`;

async function describeQueryColumns(
  session: PostgresSession,
  sql: string,
  facts: ServerFacts,
): Promise<Relation> {
  const { fields } = await describeQuery(session, sql);
  checkColumnNames(
    fields.map(({ name }) => name),
    { place: session.place, isNone: (name) => name === NO_NAME, keyOf: (name) => name },
  );
  const oids = fields.map((field) => field.typeOid);
  const types = await loadTypes(session, oids);
  const modifiers = fields.map((field) => field.typeModifier);
  const names = await session.query(TYPE_NAMES_QUERY, [`{${oids.join(',')}}`, `{${modifiers.join(',')}}`]);
  return {
    table: undefined,
    from: queryAsSource(sql),
    name: 'the query of the job',
    columns: fields.map((field, index) => ({
      name: field.name,
      reading: readingOf(field.typeOid, field.typeModifier, types, facts.isUtf8),
      nullable: true,
      generated: false,
      nativeType: names.rows[index]?.[0] ?? '',
      comment: undefined,
      modifier: field.typeModifier,
    })),
    primaryKey: [],
  };
}

/** What PostgreSQL calls an expression without a name. */
const NO_NAME = '?column?';

/** The relation's columns in the words of every source. */
export function schemaOf(relation: Relation): TableSchema {
  return {
    columns: relation.columns.map((column) => ({
      name: column.name,
      type: column.reading.type,
      nullable: column.nullable,
      ...(column.generated ? { generated: true } : {}),
      nativeType: column.nativeType,
      ...(column.inferredType === undefined ? {} : { inferredType: column.inferredType }),
      ...(column.comment === undefined ? {} : { comment: column.comment }),
    })),
    primaryKey: [...relation.primaryKey],
  };
}

/** A column by its name. Throws COLUMN_NOT_FOUND with the names that there are. */
export function columnOf(relation: Relation, name: string): RelationColumn {
  const column = relation.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `${relation.name} has no column "${name}"`,
    where: { object: relation.name, column: name },
    hint: `Its columns are: ${relation.columns.map((candidate) => candidate.name).join(', ')}.`,
  });
}

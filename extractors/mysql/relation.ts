import type { ResultField } from '../../core/clients/mysql-client';
import { BeamliftError } from '../../core/errors';
import type { MysqlField } from '../../core/mysql-rows';
import type { SourceObject } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import { checkColumnNames } from '../database/query-columns';
import { packetField, readingOf, type ColumnReading } from './column-reading';
import { findTable, type FoundTable } from './find-table';
import { quoteIdentifier, quoteLiteral, writeQualifiedName } from './names';
import type { MysqlSession } from './session';
import { checkFilter, describeQuery, queryAsSource } from './user-sql';

export interface RelationColumn {
  readonly name: string;
  readonly reading: ColumnReading;
  /** The same for whoever reads packets: one object for all units, which tells codecs that nothing has changed. */
  readonly field: MysqlField;
  readonly nullable: boolean;
  readonly generated: boolean;
  readonly nativeType: string;
  readonly comment: string | undefined;
  /** Digits of a second that the column keeps. */
  readonly fractionDigits: number;
  readonly isAutoIncrement: boolean;
}

/** What a job reads: a table, a view or a query, as the server describes it. */
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
  session: MysqlSession,
  object: SourceObject,
  filter: string | undefined,
  database: string | undefined,
): Promise<Relation> {
  const relation = await describe(session, object, database);
  if (filter !== undefined) await checkFilter(session, relation.from, filter);
  return relation;
}

async function describe(
  session: MysqlSession,
  object: SourceObject,
  database: string | undefined,
): Promise<Relation> {
  switch (object.kind) {
    case 'table':
      return await describeTable(session, await findTable(session, object.schema, object.name, database));
    case 'query':
      return await describeQueryColumns(session, object.sql);
    case 'files':
      throw new BeamliftError('INTERNAL', { what: 'A database connection was asked for files' });
  }
}

async function describeTable(session: MysqlSession, table: FoundTable): Promise<Relation> {
  const ofTable = `TABLE_SCHEMA = ${quoteLiteral(table.database)} AND TABLE_NAME = ${quoteLiteral(table.name)}`;
  const from = `${quoteIdentifier(table.database)}.${quoteIdentifier(table.name)}`;
  const name = writeQualifiedName(table.database, table.name);
  const { rows } = await session.query(
    `SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, EXTRA, COLUMN_COMMENT, CHARACTER_MAXIMUM_LENGTH
     FROM information_schema.COLUMNS WHERE ${ofTable} ORDER BY ORDINAL_POSITION`,
  );
  const list = rows.map(([column]) => quoteIdentifier(column ?? '')).join(', ');
  const fields = await session.describe(`SELECT ${list} FROM ${from}`, `MySQL refused to read ${name}`);
  const key = await session.query(
    `SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE ${ofTable} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
  );
  const columns = rows.flatMap((row, index): RelationColumn[] => {
    const field = fields[index];
    if (field === undefined) return [];
    const [column, columnType, nullable, extra, comment, maxLength] = row;
    const declared = {
      columnType: columnType ?? '',
      maxLength: maxLength === null || maxLength === undefined ? undefined : Number(maxLength),
    };
    const reading = readingOf(field, declared);
    return [
      {
        name: column ?? '',
        reading,
        field: packetField(reading),
        nullable: nullable !== 'NO',
        generated: isGenerated(extra ?? ''),
        nativeType: declared.columnType,
        comment: comment === '' ? undefined : (comment ?? undefined),
        fractionDigits: field.decimals,
        isAutoIncrement: /auto_increment/i.test(extra ?? ''),
      },
    ];
  });
  return { table, from, name, columns, primaryKey: key.rows.map(([column]) => column ?? '') };
}

/**
 * Whether EXTRA says that the server computes the column. DEFAULT_GENERATED of MySQL 8 is a default that is an expression, and INVISIBLE
 * says that `SELECT *` leaves the column out: tables are read by the names of their columns, and have it.
 */
export function isGenerated(extra: string): boolean {
  return /(?<!DEFAULT_)GENERATED/i.test(extra);
}

async function describeQueryColumns(session: MysqlSession, sql: string): Promise<Relation> {
  const fields = await describeQuery(session, sql);
  checkColumnNames(
    fields.map(({ name }) => name),
    { place: session.place, isNone: (name) => name === '', keyOf: (name) => name.toLowerCase() },
  );
  return {
    table: undefined,
    from: queryAsSource(sql),
    name: 'the query of the job',
    columns: fields.map((field) => {
      const reading = readingOf(field, undefined);
      return {
        name: field.name,
        reading,
        field: packetField(reading),
        nullable: true,
        generated: false,
        nativeType: nativeTypeOf(field),
        comment: undefined,
        fractionDigits: field.decimals,
        isAutoIncrement: false,
      };
    }),
    primaryKey: [],
  };
}

/** The protocol tells no name of a type. */
function nativeTypeOf(field: ResultField): string {
  return field.extendedType ?? field.extendedFormat ?? readingOf(field, undefined).family;
}

/** The relation's columns in the words of every source. */
export function schemaOf(relation: Relation): TableSchema {
  return {
    columns: relation.columns.map(({ name, reading, nullable, generated, nativeType, comment }) => ({
      ...{ name, type: reading.type, nullable, nativeType },
      ...(generated ? { generated: true } : {}),
      ...(reading.inferredType === undefined ? {} : { inferredType: reading.inferredType }),
      ...(comment === undefined ? {} : { comment }),
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

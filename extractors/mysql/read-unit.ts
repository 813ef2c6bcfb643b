import { mysqlReport } from '../../core/clients/mysql-errors';
import { BeamliftError } from '../../core/errors';
import type { ReadRequest, RowBatch } from '../../core/extractor';
import { RowBatcher } from '../database/row-batches';
import { RawRows } from './raw-rows';
import { columnOf, type Relation } from './relation';
import { RowDecoder } from './row-decoder';
import { selectStatement } from './select-statement';
import type { MysqlSession } from './session';

/**
 * The most bytes of one row that are read: it is held as bytes, as cells and as encoded text at the same time, and several units run at
 * once. The same bound as for PostgreSQL and for records of files.
 */
const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** What a unit is read from. */
export interface UnitSource {
  readonly relation: Relation;
  readonly filter: string | undefined;
}

/**
 * Reads the rows of a request in the session's transaction, as they come; the server waits while batches are not pulled. Ends only
 * after the server's packet for the end of the result; everything else is an error.
 */
export async function* readUnit(
  session: MysqlSession,
  { relation, filter }: UnitSource,
  request: ReadRequest,
): AsyncGenerator<RowBatch, void, undefined> {
  const { unit, window, limit } = request;
  const columns = request.columns.map((name) => columnOf(relation, name));
  const keys = keyIndexes(relation, request.columns);
  const receiver =
    request.takesRaw === true
      ? new RawRows(columns, keys, relation.name)
      : new RowDecoder(columns, new RowBatcher(request.columns, keys), relation.name);
  const statement = selectStatement(relation, columns, { unit, window, filter }, limit);
  const what = `Reading ${relation.name} failed`;
  const filled = session.stream<RawRows | RowDecoder>(statement, receiver, MAX_ROW_BYTES, what);
  try {
    for await (const full of filled) yield full.take();
  } catch (error) {
    throw asChanged(error, session, relation);
  }
  if (!receiver.isEmpty) yield receiver.take();
}

/** A column or table that is gone; both were there, and the filter was valid, when the relation was looked up. */
const GONE: ReadonlySet<number> = new Set([1054, 1146]);

function asChanged(error: unknown, session: MysqlSession, relation: Relation): unknown {
  const report = error instanceof BeamliftError ? mysqlReport(error.cause) : undefined;
  if (report === undefined || relation.table === undefined || !GONE.has(report.number)) return error;
  return new BeamliftError('SOURCE_CHANGED', {
    what: `${relation.name} was altered or dropped after the run was planned`,
    where: session.place,
    why: report.message,
    hint: 'Run the job again.',
    cause: error,
  });
}

function keyIndexes(relation: Relation, columns: readonly string[]): number[] {
  const indexes = relation.primaryKey.map((name) => columns.indexOf(name));
  return indexes.includes(-1) ? [] : indexes;
}

import { BeamliftError } from '../../core/errors';
import type { ReadRequest, RowBatch } from '../../core/extractor';
import type { ResultField } from '../../core/clients/postgres-client';
import { serverReport } from '../../core/clients/postgres-errors';
import { CopyBatches, MAX_ROW_BYTES } from './copy-batches';
import { columnOf, type Relation, type RelationColumn } from './relation';
import { selectStatement } from './select-statement';
import type { PostgresSession } from './session';

/** What a unit is read from. */
export interface UnitSource {
  readonly relation: Relation;
  readonly filter: string | undefined;
}

/**
 * Reads the rows of a request in the session's transaction, as they come; the server waits while batches are not pulled.
 * Ends only after the server's count of rows was the decoder's and its trailer was seen; throws SOURCE_INCOMPLETE otherwise.
 */
export async function* readUnit(
  session: PostgresSession,
  source: UnitSource,
  request: ReadRequest,
): AsyncGenerator<RowBatch, void, undefined> {
  const { relation, filter } = source;
  const { unit, window, limit } = request;
  const columns = request.columns.map((name) => columnOf(relation, name));
  const selection = { unit, window, filter };
  await checkUnchanged(session, relation, columns, selectStatement(relation, columns, selection, 0));

  const statement = selectStatement(relation, columns, selection, limit);
  const copy = await session.client.copyOut(
    `COPY (${statement}) TO STDOUT (FORMAT binary)`,
    session.signal,
    { what: `Reading ${relation.name} failed`, place: session.place },
    MAX_ROW_BYTES,
  );
  const keys = keyIndexes(relation, request.columns);
  const batches = new CopyBatches(columns, keys, request.takesRaw === true);
  for await (const chunk of copy.chunks) {
    for (const batch of batches.push(chunk)) yield batch;
  }
  const promised = await copy.completed();
  if (!batches.sawTrailer || promised !== batches.rows) {
    throw new BeamliftError('SOURCE_INCOMPLETE', {
      what: `${relation.name} ended too early`,
      where: session.place,
      why: `The server counted ${promised} rows, ${batches.rows} arrived${batches.sawTrailer ? '' : ' and the end of the data did not'}.`,
      hint: 'Run the job again; nothing of this unit counts.',
    });
  }
  const last = batches.take();
  if (last !== undefined) yield last;
}

/**
 * The types that the server announces now must be those the decoders were chosen for: binary values do not say what they are.
 * The statement reads nothing, takes the lock that keeps the columns as they are, and goes by the extended protocol, which
 * refuses what a filter or query might smuggle in as a second statement.
 */
async function checkUnchanged(
  session: PostgresSession,
  relation: Relation,
  columns: readonly RelationColumn[],
  statement: string,
): Promise<void> {
  const fields = await describeStatement(session, relation, statement);
  const changed = columns.find((column, index) => !isAsExpected(column, fields[index]));
  if (changed === undefined && fields.length === columns.length) return;
  throw new BeamliftError('SOURCE_CHANGED', {
    what: `${relation.name} was altered after the run was planned`,
    where: { ...session.place, ...(changed === undefined ? {} : { column: changed.name }) },
    why:
      changed === undefined ? 'It has other columns now.' : `${changed.name} was ${changed.nativeType} then.`,
    hint: 'Run the job again.',
  });
}

/** A column or table that is gone; both were there, and the filter was valid, when the relation was looked up. */
const GONE: ReadonlySet<string> = new Set(['42703', '42P01']);

async function describeStatement(
  session: PostgresSession,
  relation: Relation,
  statement: string,
): Promise<readonly ResultField[]> {
  try {
    return (await session.query(statement, [], `PostgreSQL refused to read ${relation.name}`)).fields;
  } catch (error) {
    const report = error instanceof BeamliftError ? serverReport(error.cause) : undefined;
    if (report === undefined || relation.table === undefined || !GONE.has(report.sqlState)) throw error;
    throw new BeamliftError('SOURCE_CHANGED', {
      what: `${relation.name} was altered or dropped after the run was planned`,
      where: session.place,
      why: report.message,
      hint: 'Run the job again.',
      cause: error,
    });
  }
}

function isAsExpected(column: RelationColumn, field: ResultField | undefined): boolean {
  return field !== undefined && field.typeOid === column.reading.wireOid;
}

function keyIndexes(relation: Relation, columns: readonly string[]): number[] {
  const indexes = relation.primaryKey.map((name) => columns.indexOf(name));
  return indexes.includes(-1) ? [] : indexes;
}

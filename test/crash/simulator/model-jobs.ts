import type { JobError, QueryRow, TableReference } from '../../../core/clients/bigquery-api';
import type { JsonObject, JsonValue } from '../../../core/plan';
import { fieldsOf, keyOf, ModelTable, type ModelRow } from './model-table';
import type { ModelStore } from './model-store';

/** Where jobs do their work. */
export interface JobPlace {
  readonly store: ModelStore;
  readonly tables: Map<string, ModelTable>;
  table(reference: TableReference): ModelTable | undefined;
}

/** What a job has done, all at once. */
export type JobEffect =
  | { readonly kind: 'done'; readonly statistics: JsonObject; readonly answer?: readonly QueryRow[] }
  | { readonly kind: 'failed'; readonly error: JobError };

/** A job of this configuration begins: what it reads is read now, what it returns happens at its end. */
export function begunJob(place: JobPlace, configuration: JsonObject): () => JobEffect {
  const load = object(configuration['load']);
  if (load !== undefined) return loadJob(place, load);
  const copy = object(configuration['copy']);
  if (copy !== undefined) return copyJob(place, copy);
  const query = object(configuration['query']);
  if (query !== undefined) return queryJob(place, text(query['query']));
  return () => failed('invalid', 'a job of an unknown kind');
}

function loadJob(place: JobPlace, load: JsonObject): () => JobEffect {
  const rows: ModelRow[] = [];
  const uris = load['sourceUris'];
  for (const uri of Array.isArray(uris) ? uris.map(text) : []) {
    const content = place.store.text(uri.slice(`gs://${place.store.name}/`.length));
    if (content === undefined) return () => failed('notFound', `Not found: URI ${uri}`);
    for (const line of content.split('\n')) if (line !== '') rows.push(JSON.parse(line) as ModelRow);
  }
  return () => {
    const problem = writeTable(place, load, rows, load);
    if (problem !== undefined) return problem;
    return { kind: 'done', statistics: { load: { outputRows: String(rows.length), badRecords: '0' } } };
  };
}

function copyJob(place: JobPlace, copy: JsonObject): () => JobEffect {
  const one = copy['sourceTable'];
  const many = copy['sourceTables'];
  const sources = (Array.isArray(many) ? many : [one]).map(reference);
  const rows: ModelRow[] = [];
  for (const source of sources) {
    const table = place.table(source);
    if (table === undefined) return () => failed('notFound', `Not found: Table ${keyOf(source)}`);
    rows.push(...table.rows);
  }
  const [first] = sources;
  const schema = first === undefined ? undefined : place.table(first)?.described('EU').schema;
  return () => {
    const like: JsonObject = schema === undefined ? {} : { schema: schema as unknown as JsonObject };
    const problem = writeTable(place, copy, rows, like);
    if (problem !== undefined) return problem;
    return { kind: 'done', statistics: { copy: { copiedRows: String(rows.length) } } };
  };
}

/** Puts rows into the job's destination, as its dispositions say. */
function writeTable(
  place: JobPlace,
  job: JsonObject,
  rows: readonly ModelRow[],
  like: JsonObject,
): JobEffect | undefined {
  const target = reference(job['destinationTable']);
  let table = place.table(target);
  if (table === undefined) {
    if (text(job['createDisposition']) === 'CREATE_NEVER') {
      return failed('notFound', `Not found: Table ${keyOf(target)}`);
    }
    table = new ModelTable(target, {}, fieldsOf(like) ?? [], undefined);
    place.tables.set(keyOf(target), table);
  }
  switch (text(job['writeDisposition'])) {
    case 'WRITE_APPEND':
      table.replaceRows([...table.rows, ...rows]);
      return undefined;
    case 'WRITE_TRUNCATE':
    case 'WRITE_TRUNCATE_DATA':
      table.replaceRows([...rows]);
      return undefined;
    case 'WRITE_EMPTY':
      if (table.rows.length > 0) return failed('duplicate', `Already Exists: Table ${keyOf(target)}`);
      table.replaceRows([...rows]);
      return undefined;
    default:
      return failed('invalid', `writeDisposition ${text(job['writeDisposition'])}`);
  }
}

const TABLE_IN_SQL = /`([^`]+)`\.`([^`]+)`\.`([^`]+)`/g;

/** Whether a job may be told as failed after what it did is there. */
export function isScript({ query }: JsonObject): boolean {
  return text(object(query)?.['query']).includes('BEGIN TRANSACTION');
}

/** Knows the few statements of a commit by how they begin; all others are questions, which change nothing. */
function queryJob(place: JobPlace, sql: string): () => JobEffect {
  if (sql.includes('BEGIN TRANSACTION')) return () => moveRows(place, sql);
  if (sql.startsWith('DELETE FROM')) return () => deleteRows(place.table(tablesIn(sql)[0] ?? NO_TABLE));
  const isMerge = sql.startsWith('MERGE INTO');
  if (!isMerge && !sql.startsWith('TRUNCATE TABLE')) {
    return () => ({
      kind: 'done',
      statistics: { query: { numDmlAffectedRows: '0' } },
      answer: answerOf(place, sql),
    });
  }
  const [target, ...sources] = tablesIn(sql);
  return () => {
    const table = target === undefined ? undefined : place.table(target);
    const staged = sources.map((source) => place.table(source));
    const rows = staged.flatMap((source) => source?.rows ?? []);
    if (table === undefined || staged.includes(undefined)) return failed('notFound', 'Not found: Table');
    if (isMerge && !sql.includes('\nON FALSE')) return mergeRows(table, rows);
    const before = table.rows.length;
    table.replaceRows(rows);
    return dmlDone(rows.length, 0, before);
  };
}

const NO_TABLE: TableReference = { projectId: '', datasetId: '', tableId: '' };

function tablesIn(sql: string): TableReference[] {
  return [...sql.matchAll(TABLE_IN_SQL)].map(([, projectId, datasetId, tableId]) => ({
    projectId: projectId ?? '',
    datasetId: datasetId ?? '',
    tableId: tableId ?? '',
  }));
}

/** The script of loaders/bigquery/move-sql.ts, window by window; all of it is there, or nothing. */
function moveRows(place: JobPlace, script: string): JobEffect {
  const inserted: ModelRow[] = [];
  let target: ModelTable | undefined;
  for (const [, statement = ''] of script.matchAll(/^(INSERT INTO [^;]*);$/gm)) {
    const [into = NO_TABLE, ...from] = tablesIn(statement);
    const sources = from.map((source) => place.table(source));
    target = place.table(into);
    const rows = sources.flatMap((source) => source?.rows ?? []);
    if (target === undefined || sources.includes(undefined)) return failed('notFound', 'Not found: Table');
    const [below, above] = [/ < TIMESTAMP '([^']+)'/, / >= TIMESTAMP '([^']+)'/].map((bound) => {
      const at = bound.exec(statement)?.[1];
      return at === undefined ? undefined : Date.parse(at.replace('+00', 'Z'));
    });
    inserted.push(...rows.filter(({ ts }) => ts < (below ?? Infinity) && ts >= (above ?? -Infinity)));
  }
  const [, asserted] = /^ASSERT beamlift_rows = (\d+)/m.exec(script) ?? [];
  const isNotEmpty = script.includes('ASSERT NOT EXISTS') && (target?.rows.length ?? 0) > 0;
  if (target === undefined || isNotEmpty || inserted.length !== Number(asserted)) {
    return failed('invalidQuery', 'an ASSERT of the script');
  }
  target.replaceRows([...target.rows, ...inserted]);
  const [, mark] = /^TRUNCATE TABLE (.*);$/m.exec(script) ?? [];
  place.table(tablesIn(mark ?? '')[0] ?? NO_TABLE)?.replaceRows([]);
  return { kind: 'done', statistics: { query: { statementType: 'SCRIPT' } } };
}

function deleteRows(table: ModelTable | undefined): JobEffect {
  if (table === undefined) return failed('notFound', 'Not found: Table');
  const before = table.rows.length;
  table.replaceRows([]);
  return dmlDone(0, 0, before);
}

function dmlDone(inserted: number, updated: number, deleted: number): JobEffect {
  const dmlStats = {
    insertedRowCount: String(inserted),
    updatedRowCount: String(updated),
    deletedRowCount: String(deleted),
  };
  return {
    kind: 'done',
    statistics: { query: { numDmlAffectedRows: String(inserted + updated + deleted), dmlStats } },
  };
}

/** Of rows with the same key the newest counts; a row of the table gives way unless it is newer. */
function mergeRows(target: ModelTable, staged: readonly ModelRow[]): JobEffect {
  const byKey = new Map(target.rows.map((row) => [row.k, row]));
  const newest = new Map<string, ModelRow>();
  for (const row of staged) {
    const other = newest.get(row.k);
    if (other === undefined || other.ts < row.ts) newest.set(row.k, row);
  }
  let inserted = 0;
  let updated = 0;
  for (const row of newest.values()) {
    const old = byKey.get(row.k);
    if (old === undefined) inserted++;
    else if (old.ts <= row.ts) updated++;
    else continue;
    byKey.set(row.k, row);
  }
  target.replaceRows([...byKey.values()]);
  return dmlDone(inserted, updated, 0);
}

/** Proofs of a commit ask for what its record says they must find; the model compares the table with the record's rows. */
function answerOf(place: JobPlace, sql: string): QueryRow[] {
  for (const [name, { body }] of place.store.objects) {
    if (!name.endsWith('/commit.json')) continue;
    const { plan } = JSON.parse(Buffer.from(body).toString('utf8')) as {
      plan: {
        proofs: { sql: string; expected: Record<string, string | null> }[];
        rowsStaged: number;
        temporaryTables: { reference: TableReference }[];
      };
    };
    const proof = plan.proofs.find((other) => other.sql === sql);
    if (proof === undefined) continue;
    const rows = plan.temporaryTables.reduce(
      (sum, table) => sum + (place.table(table.reference)?.rows.length ?? 0),
      0,
    );
    if (rows === plan.rowsStaged) return [proof.expected];
    return [Object.fromEntries(Object.keys(proof.expected).map((key) => [key, 'something else']))];
  }
  return [{ f0_: '1' }];
}

function failed(reason: string, message: string): JobEffect {
  return { kind: 'failed', error: { reason, message } };
}

function object(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function reference(value: JsonValue | undefined): TableReference {
  const found = object(value) ?? {};
  return {
    projectId: text(found['projectId']),
    datasetId: text(found['datasetId']),
    tableId: text(found['tableId']),
  };
}

import { z } from 'zod';
import { openSqlite, type SqliteDatabase, type SqliteRow, type SqliteValue } from '../../core/clients/sqlite';
import { jsonObjectSchema } from '../../core/plan';
import { FILES_PER_WRITE, inGroups, type FileFilter, type FileRecord } from './file-record';
import { FILE_COLUMNS, fileRecordSchema } from './file-record-json';
import { RUN_STATUSES, type RunFilter, type RunRecord, type RunStore } from './run-store';
import { migrate } from './sqlite-migrations';

const recordSchema = z.strictObject({
  id: z.string(),
  job: z.string(),
  started_at: z.string(),
  completed_at: z.string().nullable(),
  status: z.enum(RUN_STATUSES),
  duration_seconds: z.number().nullable(),
  rows_processed: z.number().nullable(),
  rows_processed_base: z.number().nullable(),
  rows_rejected: z.number().nullable(),
  error_message: z.string().nullable(),
  triggered_by: z.string(),
  runner: z.string().nullable(),
  watermark: z.string().nullable(),
  report: z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(jsonObjectSchema)
    .nullable(),
}) satisfies z.ZodType<RunRecord>;

const COLUMNS = Object.keys(recordSchema.shape) as (keyof RunRecord)[];
const SELECT = `SELECT ${COLUMNS.join(', ')} FROM etl_runs`;
const PUT = `INSERT OR REPLACE INTO etl_runs (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const SELECT_FILES = `SELECT ${FILE_COLUMNS.join(', ')} FROM etl_run_files`;
const FILE_ROW = `(${FILE_COLUMNS.map(() => '?').join(', ')})`;

/** Rows of one statement: with so many, preparing it costs little, and it has fewer than the 32,766 parameters that SQLite takes. */
const FILES_PER_STATEMENT = 200;

/** Opens the store in a SQLite file. `create: false`: the file must be there. Throws RUN_STORE_FAILED. */
export async function openSqliteRunStore(file: string, options: { create: boolean }): Promise<RunStore> {
  const database = await openSqlite(file, options);
  try {
    await migrate(database, file);
    return new SqliteRunStore(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteRunStore implements RunStore {
  constructor(private readonly database: SqliteDatabase) {}

  async put(record: RunRecord): Promise<void> {
    const values = COLUMNS.map((column) => stored(record[column]));
    await this.database.write((session) => session.run(PUT, values));
  }

  async get(id: string): Promise<RunRecord | undefined> {
    const [row] = await this.database.read(`${SELECT} WHERE id = ?`, [id]);
    return row === undefined ? undefined : toRecord(row);
  }

  async list(filter: RunFilter): Promise<RunRecord[]> {
    const conditions: string[] = [];
    const values: SqliteValue[] = [];
    if (filter.job !== undefined) {
      conditions.push('job = ?');
      values.push(filter.job);
    }
    if (filter.status !== undefined) {
      conditions.push('status = ?');
      values.push(filter.status);
    }
    if (filter.idPrefix !== undefined) {
      // Not LIKE: it ignores case, and ids may hold its wildcards.
      conditions.push('substr(id, 1, length(?)) = ?');
      values.push(filter.idPrefix, filter.idPrefix);
    }
    const clause = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const rows = await this.database.read(`${SELECT}${clause} ORDER BY started_at DESC, id DESC LIMIT ?`, [
      ...values,
      filter.limit,
    ]);
    return rows.map(toRecord);
  }

  async putFiles(records: readonly FileRecord[]): Promise<void> {
    for (const group of inGroups(records, FILES_PER_WRITE)) {
      await this.database.write((session) => {
        for (const rows of inGroups(group, FILES_PER_STATEMENT)) {
          session.run(
            `INSERT OR REPLACE INTO etl_run_files (${FILE_COLUMNS.join(', ')}) VALUES ${rows.map(() => FILE_ROW).join(', ')}`,
            rows.flatMap((record) => FILE_COLUMNS.map((column) => stored(record[column]))),
          );
        }
      });
    }
  }

  async files({ runId, job, status, limit }: FileFilter): Promise<FileRecord[]> {
    const chosen = Object.entries({ run_id: runId, job }).flatMap(([column, value]) =>
      value === undefined ? [] : [{ column, value }],
    );
    const conditions = chosen.map(({ column }) => `${column} = ?`);
    // In the text, so that SQLite sees that its index of failed files is enough.
    if (status !== undefined) conditions.push(`status = '${status}'`);
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const rows = await this.database.read(
      `${SELECT_FILES}${where} ORDER BY started_at DESC, run_id DESC, uri LIMIT ?`,
      [...chosen.map(({ value }) => value), limit],
    );
    return rows.map((row) => fileRecordSchema.parse(row));
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.database.close();
  }
}

function stored(value: RunRecord[keyof RunRecord]): SqliteValue {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  // The driver takes a NUL for the end of a text.
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}

function toRecord(row: SqliteRow): RunRecord {
  return recordSchema.parse(row);
}

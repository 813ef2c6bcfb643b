import { mkdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lazyModules } from '../lazy-modules';
import type LibsqlDatabase from 'libsql';
import { BeamliftError, messageOf, systemCode } from '../errors';
import { RETRY_POLICIES } from '../retry-policies';

export type SqliteValue = string | number | null;
export type SqliteRow = Readonly<Record<string, unknown>>;

/** What may be done inside a transaction. All calls are synchronous. */
export interface SqliteSession {
  run(sql: string, values?: readonly SqliteValue[]): void;
  all(sql: string, values?: readonly SqliteValue[]): SqliteRow[];
}

/** One connection to a SQLite file that other processes may use at the same time. */
export interface SqliteDatabase {
  /**
   * Runs `work` in a transaction that holds the write lock from its beginning, and again from its beginning while another
   * process holds it. `work` must have no effect but on the database.
   */
  write<Result>(work: (session: SqliteSession) => Result): Promise<Result>;
  read(sql: string, values?: readonly SqliteValue[]): Promise<SqliteRow[]>;
  close(): void;
}

const load = lazyModules(__filename);

/**
 * How long SQLite itself waits for a lock, in milliseconds. Its wait blocks the event loop, so it is short:
 * longer waits are made between calls (`RETRY_POLICIES.runStoreLock`).
 */
const BUSY_TIMEOUT_MS = 50;

/**
 * Opens a SQLite file in WAL mode. `create`: make the file and its folder where they are missing.
 * Throws RUN_STORE_FAILED, with the path and what to do.
 */
export async function openSqlite(file: string, { create }: { create: boolean }): Promise<SqliteDatabase> {
  if (!create && !existsSync(file)) {
    throw new BeamliftError('RUN_STORE_FAILED', {
      what: `There is no file ${file}`,
      where: { object: file },
    });
  }
  let database: LibsqlDatabase.Database | undefined;
  try {
    if (create) mkdirSync(path.dirname(file), { recursive: true });
    const Database = load('libsql') as typeof LibsqlDatabase;
    const opened = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    database = opened;
    // The change to WAL needs the file for itself for a moment and does not wait for it on its own.
    await whenFree(() => opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;'));
    return new LibsqlConnection(opened, file);
  } catch (error) {
    database?.close();
    throw explain(error, file);
  }
}

class LibsqlConnection implements SqliteDatabase {
  private readonly session: SqliteSession = {
    run: (sql, values = []) => void this.database.prepare(sql).run(values),
    all: (sql, values = []) => this.database.prepare(sql).all(values) as SqliteRow[],
  };

  constructor(
    private readonly database: LibsqlDatabase.Database,
    private readonly file: string,
  ) {}

  async write<Result>(work: (session: SqliteSession) => Result): Promise<Result> {
    return await this.explained(() => {
      this.database.exec('BEGIN IMMEDIATE');
      try {
        const result = work(this.session);
        this.database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.database.inTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  async read(sql: string, values: readonly SqliteValue[] = []): Promise<SqliteRow[]> {
    return await this.explained(() => this.session.all(sql, values));
  }

  close(): void {
    if (this.database.open) this.database.close();
  }

  private async explained<Result>(work: () => Result): Promise<Result> {
    try {
      return await whenFree(work);
    } catch (error) {
      throw explain(error, this.file);
    }
  }
}

/** Repeats `work` while another process holds the lock. */
async function whenFree<Result>(work: () => Result): Promise<Result> {
  const { attempts, minDelayMs, maxDelayMs, factor } = RETRY_POLICIES.runStoreLock;
  for (let attempt = 1; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (attempt >= attempts || systemCode(error)?.startsWith('SQLITE_BUSY') !== true) throw error;
      const wait = Math.min(maxDelayMs, minDelayMs * factor ** (attempt - 1));
      await delay(wait * (0.5 + Math.random() / 2));
    }
  }
}

function explain(error: unknown, file: string): BeamliftError {
  if (error instanceof BeamliftError) return error;
  return new BeamliftError('RUN_STORE_FAILED', {
    what: `The SQLite file ${file} cannot be used`,
    where: { object: file },
    why: messageOf(error),
    hint: hintFor(systemCode(error) ?? ''),
    cause: error,
  });
}

function hintFor(code: string): string {
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
  switch (primary) {
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return 'Move the file away: a new one is made by the next run, and only the history of runs is lost, and connections that were stored.';
    case 'SQLITE_BUSY':
      return 'Another process holds the file. Look for a program that has it open in a transaction.';
    case 'SQLITE_FULL':
      return 'The disk is full.';
    case 'SQLITE_READONLY':
      return 'The file or its folder is read-only for this user.';
    case 'MODULE_NOT_FOUND':
      return 'The SQLite driver has no build for this system; run npm ci again on this machine.';
    default:
      return 'Check that the folder exists and that this user may write to it, or set `run_store` to another path.';
  }
}

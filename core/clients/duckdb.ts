import { lazyModules } from '../lazy-modules';
import type * as DuckdbDriver from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBInstance, DuckDBTypeId } from '@duckdb/node-api';
import { classifyFailure, classifyOpenFailure } from './duckdb-failures';
import { warehouseType, type WarehouseField } from './warehouse-type';

export type WarehouseValue = string | number | bigint | boolean | null;
/** A row by column names; only for statements whose column names we chose ourselves. */
export type WarehouseRow = Readonly<Record<string, unknown>>;

/** What may be done with an open file, inside a transaction or outside of one. */
export interface WarehouseSession {
  /** Runs one statement. Returns how many rows it changed. */
  run(sql: string, values?: readonly WarehouseValue[]): Promise<number>;
  rows(sql: string, values?: readonly WarehouseValue[]): Promise<WarehouseRow[]>;
  /** The columns that a query would give. */
  columns(sql: string): Promise<WarehouseField[]>;
}

/** An open DuckDB file. */
export interface Warehouse extends WarehouseSession {
  /** All of `work` or nothing. An abort undoes it, except once the commit itself has begun. */
  transaction<Result>(work: (session: WarehouseSession) => Promise<Result>): Promise<Result>;
  /** Gives the file back; what was committed is in it. */
  close(): void;
}

/** How a file is opened to be written in bulk; the defaults of DuckDB take 80% of the machine's memory and all of its threads. */
export interface WarehouseResources {
  /** As DuckDB writes it: `64MB`. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** An absolute folder for what does not fit into the memory limit; made when it is needed. */
  readonly tempFolder: string;
}

export type WarehouseAccess = 'read-only' | 'read-write' | WarehouseResources;

const load = lazyModules(__filename);

/** For opens that read the catalogue or change a row. */
const SMALL = { memory_limit: '64MB', threads: '1' } as const;

/**
 * Opens a DuckDB file; `read-write` creates it, `read-only` never does. `signal` interrupts what runs, and ends the use of the file.
 * Throws WarehouseBusy, WarehouseInvalid, WarehouseOutOfMemory, the signal's reason, or DuckDB's own error.
 *
 * A DuckDB file is locked against other processes by a POSIX lock, which knows nothing of a process's parts: opening the file twice in one
 * process works and corrupts it, and closing any descriptor of it drops the lock. So every open goes through the driver's instance
 * cache, which shares one instance between opens of equal settings and refuses others (WarehouseBusy); the cache is one for
 * each thread, so a file is opened on the main thread alone; and nothing else in the process may open the file, not even to read a byte.
 */
export async function openWarehouse(
  file: string,
  access: WarehouseAccess,
  signal: AbortSignal,
): Promise<Warehouse> {
  signal.throwIfAborted();
  const { DuckDBInstance: Instance, DuckDBTypeId: ids } = load('@duckdb/node-api') as typeof DuckdbDriver;
  let instance: DuckDBInstance | undefined;
  let connection: DuckDBConnection | undefined;
  try {
    instance = await Instance.fromCache(file, settings(access));
    connection = await instance.connect();
    // Texts of timestamps have their zone; this is for defaults and generated columns of the user's tables.
    await connection.run("SET TimeZone = 'UTC'");
    return new OpenWarehouse(instance, connection, ids, signal);
  } catch (error) {
    connection?.closeSync();
    instance?.closeSync();
    throw classifyOpenFailure(error);
  }
}

function settings(access: WarehouseAccess): Record<string, string> {
  const always = {
    // What is needed is built in; nothing is ever fetched from a network.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // A load has no order but that of its key; keeping it costs memory.
    preserve_insertion_order: 'false',
    // Gives freed memory back to the system, in pieces: with 1 MB, publishing 1,000,000 rows takes a seventh more CPU, for 24 MB less at the peak.
    allocator_flush_threshold: '16MB',
    allocator_bulk_deallocation_flush_threshold: '16MB',
  };
  if (access === 'read-only') return { ...always, ...SMALL, access_mode: 'READ_ONLY' };
  if (access === 'read-write') return { ...always, ...SMALL };
  return {
    ...always,
    memory_limit: access.memoryLimit,
    threads: String(access.threads),
    temp_directory: access.tempFolder,
  };
}

class OpenWarehouse implements Warehouse {
  private committing = false;
  private readonly interrupt = (): void => {
    if (!this.committing) this.connection.interrupt();
  };

  constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    private readonly ids: typeof DuckDBTypeId,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', this.interrupt);
  }

  async run(sql: string, values: readonly WarehouseValue[] = []): Promise<number> {
    return await this.guarded(async () => (await this.connection.run(sql, [...values])).rowsChanged);
  }

  async rows(sql: string, values: readonly WarehouseValue[] = []): Promise<WarehouseRow[]> {
    return await this.guarded(async () => {
      const reader = await this.connection.runAndReadAll(sql, [...values]);
      return reader.getRowObjectsJS();
    });
  }

  async columns(sql: string): Promise<WarehouseField[]> {
    return await this.guarded(async () => {
      const prepared = await this.connection.prepare(sql);
      try {
        const result = await prepared.run();
        return result.columnTypes().map((type, index) => ({
          name: result.columnName(index),
          type: warehouseType(type, this.ids),
        }));
      } finally {
        prepared.destroySync();
      }
    });
  }

  async transaction<Result>(work: (session: WarehouseSession) => Promise<Result>): Promise<Result> {
    await this.run('BEGIN TRANSACTION');
    let result: Result;
    try {
      result = await work(this);
      this.signal.throwIfAborted();
      this.committing = true;
    } catch (error) {
      await this.rollBack();
      throw error;
    }
    try {
      await this.connection.run('COMMIT');
      return result;
    } catch (error) {
      await this.rollBack();
      throw classifyFailure(error);
    } finally {
      this.committing = false;
    }
  }

  close(): void {
    this.signal.removeEventListener('abort', this.interrupt);
    this.connection.closeSync();
    this.instance.closeSync();
  }

  /** Of some errors DuckDB has undone the transaction by itself; then there is nothing to roll back. */
  private async rollBack(): Promise<void> {
    try {
      await this.connection.run('ROLLBACK');
    } catch {
      return;
    }
  }

  private async guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    this.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      this.signal.throwIfAborted();
      throw classifyFailure(error);
    }
  }
}

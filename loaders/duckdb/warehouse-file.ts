import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCounted } from '../../core/counted';
import { openWarehouse, type Warehouse, type WarehouseAccess } from '../../core/clients/duckdb';
import {
  WarehouseBusy,
  WarehouseInvalid,
  WarehouseOutOfMemory,
  firstLine,
  isDiskFull,
} from '../../core/clients/duckdb-failures';
import { BeamliftError, messageOf, systemCode } from '../../core/errors';
import type { Logger } from '../../core/logger';
import type { RetryPolicy } from '../../core/retry-policies';

/** While the file's lock is waited for, a line is logged this often, in milliseconds. */
const WAITING_LOG_MS = 5_000;

/**
 * A warehouse file that is open only while something is done with it, by one user at a time within a loader. Others, in this process and
 * in other programs, are waited for within `lockPolicy`.
 */
export class WarehouseFile {
  private queue: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(
    readonly path: string,
    private readonly log: Logger,
    private readonly lockPolicy: RetryPolicy,
  ) {}

  /** Whether the loader itself uses the file now, or is about to. */
  get inUse(): boolean {
    return this.waiting > 0;
  }

  /** Looks at the name only: whoever opens the file behind DuckDB's back takes its lock away (see openWarehouse). */
  async exists(): Promise<boolean> {
    try {
      return (await stat(this.path)).isFile();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw explainOpening(this.path, error);
    }
  }

  /**
   * Opens the file, does `work` and closes it again. `work` begins anew after a conflict with another part of this process, so what it does
   * is one transaction. Throws DESTINATION_LOCKED when the file stays in use, and WarehouseOutOfMemory as it is.
   */
  async use<Result>(
    access: WarehouseAccess,
    work: (warehouse: Warehouse) => Promise<Result>,
    signal: AbortSignal,
    policy: RetryPolicy = this.lockPolicy,
  ): Promise<Result> {
    this.waiting += 1;
    const turn = this.queue.then(async () => await this.whenFree(access, work, signal, policy));
    this.queue = turn.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await turn;
    } finally {
      this.waiting -= 1;
    }
  }

  private async whenFree<Result>(
    access: WarehouseAccess,
    work: (warehouse: Warehouse) => Promise<Result>,
    signal: AbortSignal,
    policy: RetryPolicy,
  ): Promise<Result> {
    const began = performance.now();
    let lastLogged = -Infinity;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.openAndUse(access, work, signal);
      } catch (error) {
        const waited = performance.now() - began;
        if (!(error instanceof WarehouseBusy)) throw error;
        if (attempt >= policy.attempts) throw locked(this.path, error, waited);
        if (waited - lastLogged >= WAITING_LOG_MS) {
          lastLogged = waited;
          const seconds = Math.round(waited / 1000);
          this.log.warn('warehouse.lock.waiting', {
            file: this.path,
            ...error.holder,
            waited_seconds: seconds,
          });
        }
        const wait = Math.min(policy.maxDelayMs, policy.minDelayMs * policy.factor ** (attempt - 1));
        await pause(wait * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  private async openAndUse<Result>(
    access: WarehouseAccess,
    work: (warehouse: Warehouse) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    let warehouse: Warehouse;
    try {
      warehouse = await openWarehouse(this.path, access, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw explainOpening(this.path, error);
    }
    try {
      return await work(warehouse);
    } catch (error) {
      signal.throwIfAborted();
      throw explainUse(this.path, error);
    } finally {
      warehouse.close();
    }
  }
}

/** Throws the signal's own reason. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function locked(file: string, { holder }: WarehouseBusy, waitedMs: number): BeamliftError {
  const waited = `after waiting ${formatCounted(Math.round(waitedMs / 1000), 'second')}`;
  const { pid, program = 'a program' } = holder;
  return new BeamliftError('DESTINATION_LOCKED', {
    what:
      pid === undefined
        ? `The warehouse ${file} is in use`
        : `The warehouse ${file} is open in another program`,
    where: { object: file },
    why:
      pid === undefined
        ? `Another job of this process still works on it ${waited}.`
        : `${program} (process ${pid}) still has it open ${waited}.`,
    hint:
      pid === undefined
        ? 'Run the job again when the other one is done.'
        : `A DuckDB file has one writer, and no readers beside it. Close that program (\`ps -p ${pid}\` shows it) and run the job again; what reads the file should open it only while it reads.`,
  });
}

/** What DuckDB says to a statement that nobody else explains. WarehouseBusy and WarehouseOutOfMemory stay what they are. */
function explainUse(file: string, error: unknown): unknown {
  const known = [BeamliftError, WarehouseBusy, WarehouseOutOfMemory];
  if (known.some((kind) => error instanceof kind)) return error;
  if (isDiskFull(error)) return diskFull(file, error);
  return new BeamliftError('DESTINATION_FAILED', {
    what: `The warehouse ${file} refused a statement`,
    where: { object: file },
    why: firstLine(messageOf(error)),
    hint: 'Check that `schema` of the destination is one that tables can be made in.',
    cause: error,
  });
}

/** DuckDB undoes what does not fit; the file is as it was, though longer, and its room is used again. */
export function diskFull(file: string, cause: unknown): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    what: `The disk of the warehouse ${file} is full`,
    where: { object: file },
    why: firstLine(messageOf(cause)),
    hint: 'Make room, then run the job again. Nothing was published.',
    cause,
  });
}

/** What an operator can do about a file that does not open. WarehouseBusy and WarehouseOutOfMemory stay what they are. */
export function explainOpening(file: string, error: unknown): unknown {
  if (
    error instanceof WarehouseBusy ||
    error instanceof WarehouseOutOfMemory ||
    error instanceof BeamliftError
  ) {
    return error;
  }
  if (isDiskFull(error)) return diskFull(file, error);
  const why = firstLine(messageOf(error));
  const failed = (code: 'DESTINATION_FAILED' | 'RIGHTS_MISSING', what: string, hint: string): BeamliftError =>
    new BeamliftError(code, { what, where: { object: file }, why, hint, cause: error });
  if (error instanceof WarehouseInvalid) {
    return failed(
      'DESTINATION_FAILED',
      `${file} is not a DuckDB database that this version can open`,
      'Name another file: beamlift never overwrites one that is not its own. A file of a newer DuckDB needs a newer beamlift.',
    );
  }
  if (/Permission denied|Read-only file system|EACCES/.test(why)) {
    return failed(
      'RIGHTS_MISSING',
      `The warehouse ${file} cannot be opened for writing`,
      'Give this user the right to write the file, and to create files beside it.',
    );
  }
  if (/No such file or directory|does not exist|ENOENT|ENOTDIR/.test(why)) {
    return failed(
      'DESTINATION_FAILED',
      `The warehouse ${file} is not there`,
      'Create its folder, or correct `path`.',
    );
  }
  return failed(
    'DESTINATION_FAILED',
    `The warehouse ${file} cannot be opened`,
    'Check the path, its rights and the room on the disk.',
  );
}

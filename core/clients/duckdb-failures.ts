/**
 * DuckDB's errors have no codes, only messages that begin with the class of the error: this file alone reads them.
 * The messages are those of DuckDB 1.5.
 */

/** The file cannot be opened now, but later: another program has it, or another part of this process. */
export class WarehouseBusy extends Error {
  /** `holder`: who has the file, as far as DuckDB says. */
  constructor(
    readonly holder: { readonly program?: string; readonly pid?: number },
    options?: ErrorOptions,
  ) {
    super(
      holder.pid === undefined
        ? 'the file is in use'
        : `held by ${holder.program ?? 'a program'} (pid ${holder.pid})`,
      options,
    );
    this.name = 'WarehouseBusy';
  }
}

/** A statement needed more than `memory_limit`. Its transaction was undone. */
export class WarehouseOutOfMemory extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WarehouseOutOfMemory';
  }
}

/** The file is there, but DuckDB cannot read it as a database. */
export class WarehouseInvalid extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WarehouseInvalid';
  }
}

const LOCKED = /Could not set lock on file/;
const HOLDER = /Conflicting lock is held in (.+?)(?: \(PID (\d+)\)|\.)/;
/** Another part of this process has the file open with other settings; DuckDB shares an open file only between equal ones. */
const OTHER_SETTINGS = /different configuration than existing connections/;
/** Two transactions of this process changed the same thing; the later one is undone. */
const CONFLICT = /^TransactionContext Error: .*[Cc]onflict|write-write conflict/;
const OUT_OF_MEMORY =
  /^Out of Memory Error|^TransactionContext Error: Failed to commit: (?:failed to (?:pin|allocate)|could not allocate)/;
const INVALID =
  /not a valid DuckDB database file|version number|Serialization Error|Corrupt|checksum|No more data remaining|while reading the (?:WAL|database)/i;

/** The error as one of the classes above; any other as it came. */
export function classifyFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { message } = thrown;
  const options = { cause: thrown };
  if (LOCKED.test(message)) {
    const [, program, pid] = HOLDER.exec(message) ?? [];
    return new WarehouseBusy(
      {
        ...(program === undefined ? {} : { program }),
        ...(pid === undefined ? {} : { pid: Number(pid) }),
      },
      options,
    );
  }
  if (OTHER_SETTINGS.test(message) || CONFLICT.test(message)) return new WarehouseBusy({}, options);
  if (OUT_OF_MEMORY.test(message)) return new WarehouseOutOfMemory(firstLine(message), options);
  return thrown;
}

/** The same for an error while a file was opened, where more can be wrong with the file itself. */
export function classifyOpenFailure(thrown: unknown): unknown {
  const failure = classifyFailure(thrown);
  if (failure !== thrown || !(thrown instanceof Error) || !INVALID.test(thrown.message)) return failure;
  return new WarehouseInvalid(firstLine(thrown.message), { cause: thrown });
}

/** Whether the disk of the file, or of what DuckDB spills, has no room left. */
export function isDiskFull(thrown: unknown): boolean {
  return thrown instanceof Error && /No space left on device|Disk quota exceeded/.test(thrown.message);
}

/** The message without the excerpt of the statement and DuckDB's advice below it. */
export function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}

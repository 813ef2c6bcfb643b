import type { Cell, Row } from '../core/cells';
import { dateFromDays, daysFromDate, floorDivide } from '../core/calendar';
import { BeamliftError } from '../core/errors';
import { formatType } from '../core/format-type';
import type { ColumnType, Partitioning, TableSchema } from '../core/schema';
import { UNITS_PER_SECOND } from '../core/time-unit';

/** The partition of rows whose column is null. */
export const NULL_PARTITION = '__NULL__';
/** The partition of rows beyond the range, and of dates without a partition of their own. */
export const OTHER_PARTITION = '__UNPARTITIONED__';

/**
 * Keys are counted up to here. A table has at most 10,000 partitions (BigQuery's quotas, "Partitioned tables"), so that whoever
 * decides knows enough, and a column that was never meant for it costs no memory.
 */
export const MAX_PARTITION_KEYS = 10_001;

export interface PartitionKeys {
  add(row: Row): void;
  /** The same for a row of which only the cell of the dividing column is known. */
  addCell(cell: Cell): void;
  /** Without repetition, in no order; the first `MAX_PARTITION_KEYS` where there are more. */
  keys(): string[];
}

/**
 * Notes the partitions that rows of the schema go to, as BigQuery names them: `2025030112`, `20250301`, `202503`, `2025`, the first number
 * of a range, `__NULL__`, `__UNPARTITIONED__`. Timestamps are in UTC. Throws INTERNAL for a column that cannot divide a table so.
 */
export function compilePartitionKeys(partitioning: Partitioning, schema: TableSchema): PartitionKeys {
  const index = schema.columns.findIndex(({ name }) => name === partitioning.column);
  const type = schema.columns[index]?.type;
  if (type === undefined) {
    throw new BeamliftError('INTERNAL', {
      what: `The table is divided by ${partitioning.column}, which is no column of the staged rows`,
    });
  }
  return new SeenPartitions(index, compileKeyOf(partitioning, type));
}

/** The key of a value, and the values that have the same: from `lower` (inclusive) to `upper` (exclusive). */
interface Bucket {
  readonly key: string;
  readonly lower: bigint;
  readonly upper: bigint;
}

class SeenPartitions implements PartitionKeys {
  private readonly seen = new Set<string>();
  /** Rows come in about the order of their time: most are in the bucket of the one before. */
  private lower = 0n;
  private upper = 0n;

  constructor(
    private readonly index: number,
    private readonly bucketOf: (value: bigint) => Bucket,
  ) {}

  add(row: Row): void {
    this.addCell(row[this.index] ?? null);
  }

  addCell(cell: Cell): void {
    if (cell === null) {
      this.note(NULL_PARTITION);
      return;
    }
    if (typeof cell !== 'bigint') {
      throw new BeamliftError('INTERNAL', { what: `A table is divided by a ${typeof cell}` });
    }
    if (cell >= this.lower && cell < this.upper) return;
    const { key, lower, upper } = this.bucketOf(cell);
    this.lower = lower;
    this.upper = upper;
    this.note(key);
  }

  private note(key: string): void {
    if (this.seen.size < MAX_PARTITION_KEYS) this.seen.add(key);
  }

  keys(): string[] {
    return [...this.seen];
  }
}

function compileKeyOf(partitioning: Partitioning, type: ColumnType): (value: bigint) => Bucket {
  if (partitioning.by === 'range') {
    if (type.kind !== 'int') throw cannotDivide(partitioning, type);
    return compileRange(BigInt(partitioning.start), BigInt(partitioning.end), BigInt(partitioning.interval));
  }
  const unitsPerHour = unitsOfHour(type);
  if (unitsPerHour === undefined || (partitioning.by === 'hour' && type.kind === 'date')) {
    throw cannotDivide(partitioning, type);
  }
  if (partitioning.by === 'hour') return compileHours(unitsPerHour);
  const unitsPerDay = type.kind === 'date' ? 1n : unitsPerHour * HOURS_PER_DAY;
  return compileDays(unitsPerDay, KEY_DIGITS[partitioning.by]);
}

const HOURS_PER_DAY = 24n;
const SECONDS_PER_HOUR = 3600n;

/** Days before the first and after the last of these are in `__UNPARTITIONED__` (BigQuery, "Introduction to partitioned tables"). */
const FIRST_DAY = BigInt(daysFromDate(1960, 1, 1));
const LAST_DAY = BigInt(daysFromDate(2159, 12, 31));

/** Of `YYYYMMDD`. */
const KEY_DIGITS = { day: 8, month: 6, year: 4 } as const;

/** Undefined: the type has no days. */
function unitsOfHour(type: ColumnType): bigint | undefined {
  switch (type.kind) {
    case 'date':
      return 0n;
    case 'datetime':
    case 'timestamp':
      return UNITS_PER_SECOND[type.unit] * SECONDS_PER_HOUR;
    default:
      return undefined;
  }
}

function compileRange(start: bigint, end: bigint, interval: bigint): (value: bigint) => Bucket {
  return (value) => {
    if (value < start || value >= end) return { key: OTHER_PARTITION, lower: value, upper: value + 1n };
    const lower = start + ((value - start) / interval) * interval;
    const upper = lower + interval;
    return { key: lower.toString(), lower, upper: upper < end ? upper : end };
  };
}

function compileHours(unitsPerHour: bigint): (value: bigint) => Bucket {
  return (value) => {
    const hours = floorDivide(value, unitsPerHour);
    const days = floorDivide(hours, HOURS_PER_DAY);
    const hour = (hours - days * HOURS_PER_DAY).toString().padStart(2, '0');
    const lower = hours * unitsPerHour;
    return { key: keyOf(days, (day) => day + hour), lower, upper: lower + unitsPerHour };
  };
}

/** The bucket is a day also where the key is a month or a year: it only spares looking again. */
function compileDays(unitsPerDay: bigint, digits: number): (value: bigint) => Bucket {
  return (value) => {
    const days = floorDivide(value, unitsPerDay);
    const lower = days * unitsPerDay;
    return { key: keyOf(days, (day) => day.slice(0, digits)), lower, upper: lower + unitsPerDay };
  };
}

/** `ofDay` is given `YYYYMMDD`. */
function keyOf(days: bigint, ofDay: (day: string) => string): string {
  if (days < FIRST_DAY || days > LAST_DAY) return OTHER_PARTITION;
  const { year, month, day } = dateFromDays(Number(days));
  return ofDay(`${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}`);
}

function cannotDivide({ by, column }: Partitioning, type: ColumnType): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `A table cannot be divided by ${by} of column ${column}, which is ${formatType(type)}`,
  });
}

import { hash } from 'node:crypto';
import type { Cell, Row } from '../core/cells';
import type { ColumnDigest, ColumnDigests } from '../core/manifest';
import type { ColumnType, TableSchema } from '../core/schema';
import { UNITS_PER_SECOND, type TimeUnit } from '../core/time-unit';
import { isCells, type Present } from './cell-shape';
import { isExtreme, measuresOf, type Measure, type MeasureKind, type MeasureStep } from './digest-measures';

/** Takes rows one by one, and says what their values add up to. */
export interface DigestingRows {
  add(row: Row): void;
  result(): ColumnDigests;
}

/**
 * Digests of rows of a destination's schema, the same whatever their order, and the same as SQL finds over the table (see
 * loaders/bigquery/verify-sql.ts). A value that was changed, lost or doubled changes them; what they cannot see: another text of a JSON
 * document, floats (other than the least and the greatest) of a size below 2^-51 to the last bit or above 2^105 at all, and changes that
 * make up for each other in all sums of their column.
 */
export function compileColumnDigests(schema: TableSchema): DigestingRows {
  const columns = schema.columns.map(({ name, type }) => ({ name, count: counterOf(type) }));
  return {
    add: (row) => {
      for (let index = 0; index < columns.length; index++) {
        const cell = row[index];
        if (cell !== null && cell !== undefined) columns[index]?.count.add(cell);
      }
    },
    result: () => {
      const digests = Object.create(null) as Record<string, ColumnDigest>;
      for (const { name, count } of columns) digests[name] = count.result();
      return digests;
    },
  };
}

/** The digests of the rows of both. */
export function addDigests(a: ColumnDigests, b: ColumnDigests): ColumnDigests {
  const total = Object.create(null) as Record<string, ColumnDigest>;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [left, right] = [a[name], b[name]];
    const sum = left === undefined ? right : right === undefined ? left : addDigest(left, right);
    if (sum !== undefined) total[name] = sum;
  }
  return total;
}

function addDigest(a: ColumnDigest, b: ColumnDigest): ColumnDigest {
  const sums = Object.create(null) as Record<string, string>;
  for (const name of new Set([...Object.keys(a.sums), ...Object.keys(b.sums)])) {
    const [left, right] = [a.sums[name], b.sums[name]];
    if (left === undefined || right === undefined) {
      sums[name] = left ?? right ?? '0';
      continue;
    }
    const extreme = isExtreme(name);
    if (extreme === undefined) sums[name] = String(BigInt(left) + BigInt(right));
    else sums[name] = floatText(Math[extreme](Number(left), Number(right)));
  }
  return { values: a.values + b.values, sums };
}

interface ColumnCounter {
  add(cell: Present): void;
  result(): ColumnDigest;
}

function counterOf(type: ColumnType): ColumnCounter {
  const measures = measuresOf(type).map((measure) => ({ name: measure.name, ...compileMeasure(measure) }));
  const adders = measures.map(({ add }) => add);
  let values = 0;
  return {
    add: (cell) => {
      if (isValue(type, cell)) values += 1;
      for (const add of adders) add(cell);
    },
    result: () => {
      const sums = Object.create(null) as Record<string, string>;
      for (const { name, text } of measures) {
        const sum = text();
        if (sum !== undefined) sums[name] = sum;
      }
      return { values, sums };
    },
  };
}

/** Whether a destination's count of values has it: an array without elements is what NULL is, and a JSON null may be read as NULL. */
function isValue(type: ColumnType, cell: Present): boolean {
  if (type.kind === 'array') return isCells(cell) && cell.length > 0;
  if (type.kind === 'json' || type.kind === 'variant')
    return typeof cell !== 'string' || cell.trim() !== 'null';
  return true;
}

interface Sum {
  readonly add: (cell: Present) => void;
  /** Undefined: there was no value to compare. */
  readonly text: () => string | undefined;
}

function compileMeasure({ kind, steps, type }: Measure): Sum {
  if (kind === 'min' || kind === 'max') {
    const extreme = new Extreme(kind);
    return {
      add: eachValue(steps, (cell) => {
        if (typeof cell === 'number') extreme.add(cell);
      }),
      text: () => extreme.text(),
    };
  }
  const sum = new ExactSum();
  const measure = numberOf(kind, type);
  return {
    add: eachValue(steps, (cell) => {
      sum.add(measure(cell));
    }),
    text: () => sum.text(),
  };
}

/** Calls `use` for every value that the steps lead to from a column's value. */
function eachValue(steps: readonly MeasureStep[], use: (cell: Present) => void): (cell: Present) => void {
  const [step, ...rest] = steps;
  if (step === undefined) return use;
  const next = eachValue(rest, use);
  if (step.kind === 'field') {
    return (cell) => {
      const inner = isCells(cell) ? cell[step.index] : undefined;
      if (inner !== null && inner !== undefined) next(inner);
    };
  }
  return (cell) => {
    if (!isCells(cell)) return;
    for (const element of cell) if (element !== null) next(element);
  };
}

/** 2^32: where whole numbers are cut in two. */
const HALF = 4_294_967_296n;
/** What a value adds: whole numbers of at most 2^53, or bigints. */
function numberOf(
  kind: Exclude<MeasureKind, 'min' | 'max'>,
  type: ColumnType,
): (cell: Present) => number | bigint {
  switch (kind) {
    case 'values':
      return (cell) => Number(isValue(type, cell));
    case 'elements':
      return (cell) => (isCells(cell) ? cell.length : 0);
    case 'true':
      return (cell) => Number(cell === true);
    case 'high':
      return (cell) => Number(bigintOf(cell) / HALF);
    case 'low':
      return (cell) => Number(bigintOf(cell) % HALF);
    case 'days':
      return bigintOf;
    case 'microseconds': {
      const inMicroseconds = microsecondsOf('unit' in type ? type.unit : 'us');
      return (cell) => inMicroseconds(bigintOf(cell));
    }
    case 'bytes':
      return (cell) =>
        typeof cell === 'string' ? Buffer.byteLength(cell) : cell instanceof Uint8Array ? cell.length : 0;
    case 'md5':
      return type.kind === 'decimal'
        ? (cell) => hashOf(typeof cell === 'string' ? shortestDecimal(cell) : '')
        : (cell) => hashOf(typeof cell === 'string' || cell instanceof Uint8Array ? cell : '');
    case 'nan':
      return (cell) => Number(Number.isNaN(cell));
    case 'infinite':
      return (cell) => Number(cell === Infinity || cell === -Infinity);
    case 'negative':
      return (cell) => Number(typeof cell === 'number' && cell < 0);
    case 'whole':
      return (cell) => (isSmall(cell) ? Math.trunc(cell) : 0);
    case 'fraction':
      return (cell) => (isSmall(cell) ? Math.trunc(fractionOf(cell) * UNITS) : 0);
    case 'rest':
      return (cell) => (isSmall(cell) ? Math.trunc(fractionOf(fractionOf(cell) * UNITS) * UNITS) : 0);
    case 'large':
      return (cell) => (isLarge(cell) ? Math.trunc(cell / UNITS) : 0);
    case 'large_rest':
      return (cell) => (isLarge(cell) ? fractionOf(cell / UNITS) * UNITS : 0);
  }
}

/** Floats below it have all bits of their whole part. */
const SMALL_LIMIT = 2 ** 53;
const LARGE_LIMIT = 2 ** 105;
/** Multiplied with a power of two, or without its whole part, a float has no more bits than before: all of this is exact. */
const UNITS = 2 ** 52;

function isSmall(cell: Cell): cell is number {
  return typeof cell === 'number' && Math.abs(cell) < SMALL_LIMIT;
}

function isLarge(cell: Cell): cell is number {
  return typeof cell === 'number' && Math.abs(cell) >= SMALL_LIMIT && Math.abs(cell) < LARGE_LIMIT;
}

function fractionOf(value: number): number {
  return value - Math.trunc(value);
}

function bigintOf(cell: Present): bigint {
  return typeof cell === 'bigint' ? cell : 0n;
}

function microsecondsOf(unit: TimeUnit): (cell: bigint) => bigint {
  const [perSecond, wanted] = [UNITS_PER_SECOND[unit], UNITS_PER_SECOND.us];
  if (perSecond === wanted) return (cell) => cell;
  return perSecond < wanted ? (cell) => cell * (wanted / perSecond) : (cell) => cell / (perSecond / wanted);
}

/** Bytes of the hash that are used: 48 bits, so that sums of a few are exact as numbers. */
const HASH_BYTES = 6;

function hashOf(content: string | Uint8Array): number {
  return hash('md5', content, 'buffer').readUIntBE(0, HASH_BYTES);
}

/** A canonical decimal without zeros at its end: databases write them, or do not. */
function shortestDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Shortest text that is read back as this float; both zeros are `0`. */
function floatText(value: number): string {
  return String(value === 0 ? 0 : value);
}

class Extreme {
  private readonly isMin: boolean;
  private value: number | undefined = undefined;

  constructor(kind: 'min' | 'max') {
    this.isMin = kind === 'min';
  }

  /** NaN is neither. */
  add(value: number): void {
    if (Number.isNaN(value)) return;
    if (this.value === undefined || (this.isMin ? value < this.value : value > this.value))
      this.value = value;
  }

  text(): string | undefined {
    return this.value === undefined ? undefined : floatText(this.value);
  }
}

/** Half of what a number holds exactly: one more term of that size still fits. */
const CARRY_LIMIT = 2 ** 52;

/** A sum of any number of terms, where numbers of at most 2^52 are added as such most of the time. */
class ExactSum {
  private carried = 0n;
  private small = 0;

  add(term: number | bigint): void {
    if (typeof term === 'bigint') {
      this.carried += term;
      return;
    }
    if (Math.abs(term) > CARRY_LIMIT) {
      this.carried += BigInt(term);
      return;
    }
    this.small += term;
    if (Math.abs(this.small) > CARRY_LIMIT) {
      this.carried += BigInt(this.small);
      this.small = 0;
    }
  }

  text(): string {
    return String(this.carried + BigInt(this.small));
  }
}

import type { Cell } from '../../core/cells';
import type { TableField } from '../../core/clients/bigquery-api';
import { asRecord } from '../../core/clients/small-http';
import { readInstant, readTime } from '../../core/instant-text';
import { sqlName } from './column-types';
import { intervalCell, rangeFromText, shortDecimal, type RangeElement } from './text-cells';

/** Makes the cell of a value as the REST API writes it. Throws UnreadableText. */
export type RestReader = (value: unknown) => Cell;

/** A value that is not what its type says; such a row is a reject. */
export class UnreadableText extends Error {
  constructor(
    readonly reason: string,
    readonly value: string,
  ) {
    super(reason);
  }
}

const MICROS_PER_DAY = 86_400_000_000n;

/** How the values of a field are read from `tabledata.list` and its like, with timestamps as microseconds. */
export function restReader(field: TableField): RestReader {
  const element = elementReader(field);
  if (field.mode !== 'REPEATED') return (value) => (isNull(value) ? null : element(value));
  return (value) => {
    if (isNull(value)) return [];
    if (!Array.isArray(value)) throw unreadable('not a list', value);
    return value.map((entry: unknown) => {
      const { v } = asRecord(entry);
      return isNull(v) ? null : element(v);
    });
  };
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function elementReader(field: TableField): RestReader {
  switch (sqlName(field)) {
    case 'STRUCT': {
      const readers = (field.fields ?? []).map(restReader);
      return (value) => {
        const { f } = asRecord(value);
        if (!Array.isArray(f)) throw unreadable('not a struct', value);
        return readers.map((read, index) => read(asRecord(f[index])['v']));
      };
    }
    case 'RANGE': {
      const element = rangeElementOf(field);
      return ofText('a range', (text) => rangeFromText(element, text));
    }
    default:
      return SCALARS.get(sqlName(field)) ?? ofText('a text', (text) => text);
  }
}

/** What the ends of a RANGE are. */
export function rangeElementOf({ rangeElementType }: TableField): RangeElement {
  const type = rangeElementType?.type.toUpperCase();
  return type === 'TIMESTAMP' || type === 'DATETIME' ? type : 'DATE';
}

const SCALARS: ReadonlyMap<string, RestReader> = new Map<string, RestReader>([
  ['INT64', ofText('a whole number', (text) => (/^-?\d+$/.test(text) ? BigInt(text) : undefined))],
  ['FLOAT64', ofText('a number', floatOf)],
  ['BOOL', ofText('true or false', boolOf)],
  ['BYTES', ofText('base64', (text) => Uint8Array.from(Buffer.from(text, 'base64')))],
  ['NUMERIC', ofText('a decimal', decimalOf)],
  ['BIGNUMERIC', ofText('a decimal', decimalOf)],
  ['DATE', ofText('a date', (text) => instantOf(text, MICROS_PER_DAY))],
  ['DATETIME', ofText('a date and time', (text) => instantOf(text, 1n))],
  ['TIMESTAMP', ofText('a point in time', (text) => (/^-?\d+$/.test(text) ? BigInt(text) : undefined))],
  ['TIME', ofText('a time', timeOf)],
  ['INTERVAL', ofText('an interval', intervalCell)],
]);

function ofText(what: string, read: (text: string) => Cell | undefined): RestReader {
  return (value) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const cell = read(text);
    if (cell === undefined) throw unreadable(`not ${what}`, text);
    return cell;
  };
}

function floatOf(text: string): number | undefined {
  if (/^nan$/i.test(text)) return NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? undefined : value;
}

function boolOf(text: string): boolean | undefined {
  if (text === 'true') return true;
  return text === 'false' ? false : undefined;
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const EXPONENT = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/;
/** Digits of a decimal with an exponent: BIGNUMERIC has 39 before and 38 after the point. */
const MAX_EXPONENT = 100;

function decimalOf(text: string): string | undefined {
  if (DECIMAL.test(text)) return shortDecimal(text);
  const match = EXPONENT.exec(text);
  if (match === null || Math.abs(Number(match[4])) > MAX_EXPONENT) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`;
  const point = whole.length + Number(exponent);
  const padded = digits.padStart(digits.length + Math.max(0, 1 - point), '0');
  const at = Math.max(point, 1);
  const before = padded
    .slice(0, at)
    .padEnd(at, '0')
    .replace(/^0+(?=\d)/, '');
  return shortDecimal(`${sign}${before}.${padded.slice(at)}0`);
}

function instantOf(text: string, divisor: bigint): bigint | undefined {
  const reading = readInstant(text, 'us');
  if (reading === undefined || reading === 'zero_date' || !reading.exact) return undefined;
  return reading.value / divisor;
}

function timeOf(text: string): bigint | undefined {
  const reading = readTime(text, 'us');
  return reading?.exact === true ? reading.value : undefined;
}

function unreadable(reason: string, value: unknown): UnreadableText {
  return new UnreadableText(reason, typeof value === 'string' ? value : JSON.stringify(value));
}

import type { Cell } from '../../core/cells';
import { formatDate } from '../../core/instant-format';
import { readInstant } from '../../core/instant-text';
import { compileInstantFormat } from '../../core/instant-format';

/*
 * Texts that both ways of reading share, so that the same value is the same cell: Arrow gives decimals with all digits of their scale and
 * ranges as pairs, REST gives decimals without final zeros and ranges as text.
 */

/** A decimal without zeros that say nothing: BigQuery itself keeps none. */
export function shortDecimal(text: string): string {
  if (!text.includes('.')) return text;
  const short = text.replace(/\.?0+$/, '');
  return short === '-0' ? '0' : short;
}

/** `Y-M D H:M:S[.F]`, each with a sign of its own: how BigQuery writes an INTERVAL. */
const INTERVAL = /^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):(\d+)(?:\.(\d{1,9}))?$/;

/** Months, days and microseconds; undefined: not such a text, or finer than microseconds. */
export function intervalCell(text: string): readonly [bigint, bigint, bigint] | undefined {
  const match = INTERVAL.exec(text);
  if (match === null) return undefined;
  const [
    ,
    monthSign,
    years = '0',
    months = '0',
    days = '0',
    clockSign,
    hours = '0',
    minutes = '0',
    seconds = '0',
    digits = '',
  ] = match;
  const fraction = digits.padEnd(9, '0');
  if (!fraction.endsWith('000')) return undefined;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const micros = whole * 1_000_000n + BigInt(fraction.slice(0, 6));
  const span = BigInt(years) * 12n + BigInt(months);
  return [monthSign === '-' ? -span : span, BigInt(days), clockSign === '-' ? -micros : micros];
}

/** What the ends of a range are. */
export type RangeElement = 'DATE' | 'DATETIME' | 'TIMESTAMP';

const UNBOUNDED = 'UNBOUNDED';
const formatDateTime = compileInstantFormat('datetime', 'us');

/** `[2024-01-01, UNBOUNDED)`, as BigQuery reads it back; instants with six digits of a second, points in time in UTC. */
export function rangeText(element: RangeElement, start: Cell, end: Cell): string {
  return `[${rangeEnd(element, start)}, ${rangeEnd(element, end)})`;
}

function rangeEnd(element: RangeElement, cell: Cell): string {
  if (typeof cell !== 'bigint') return UNBOUNDED;
  if (element === 'DATE') return formatDate(cell);
  const text = formatDateTime(cell).replace('T', ' ');
  return element === 'TIMESTAMP' ? `${text}+00` : text;
}

const RANGE = /^\[(.*), (.*)\)$/;

/** The range that REST writes, in the form of `rangeText`; undefined: not such a text. */
export function rangeFromText(element: RangeElement, text: string): string | undefined {
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const [start, end] = [match[1], match[2]].map((part) => endFromText(element, part ?? ''));
  return start === undefined || end === undefined ? undefined : rangeText(element, start, end);
}

function endFromText(element: RangeElement, text: string): Cell | undefined {
  if (text === UNBOUNDED || text === 'NULL' || text === '') return null;
  // Points in time may come as microseconds, as everywhere else in an answer.
  if (element === 'TIMESTAMP' && /^-?\d+$/.test(text)) return BigInt(text);
  const reading = readInstant(text, 'us');
  if (reading === undefined || reading === 'zero_date' || !reading.exact) return undefined;
  return element === 'DATE' ? reading.value / 86_400_000_000n : reading.value;
}

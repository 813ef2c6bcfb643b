import { MICROS_PER_DAY, daysFromDate, floorDivide } from './calendar';
import { compileInstantFormat, formatDate, isInfiniteInstant } from './instant-format';
import { readInstant } from './instant-text';

/** The columns whose bounds are texts of the calendar. */
export type InstantKind = 'date' | 'datetime' | 'timestamp';

/** What a text of a bound says. */
export interface BoundReading {
  /** Microseconds since 1970-01-01T00:00:00, of UTC where the text has an offset; what is finer is cut off. */
  readonly micros: bigint;
  readonly hasOffset: boolean;
}

const FIRST_MICROS = BigInt(daysFromDate(1, 1, 1)) * MICROS_PER_DAY;
const END_MICROS = BigInt(daysFromDate(10_000, 1, 1)) * MICROS_PER_DAY;

/**
 * Reads a date or an instant as a user or a source writes a bound. Undefined for everything that is not within the
 * years 1 to 9999, which all databases spell alike: infinity, years before Christ, 30 February.
 */
export function readBound(text: string): BoundReading | undefined {
  const reading = readInstant(text.trim(), 'us');
  if (reading === undefined || reading === 'zero_date' || isInfiniteInstant(reading.value)) return undefined;
  const micros = reading.roundedUp ? reading.value - 1n : reading.value;
  if (micros < FIRST_MICROS || micros >= END_MICROS) return undefined;
  return { micros, hasOffset: reading.hasOffset };
}

/** `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS.ffffff` with `Z` for timestamps: what `readBound` reads, and sources take. */
export function boundText(kind: InstantKind, micros: bigint): string {
  if (kind === 'date') return formatDate(floorDivide(micros, MICROS_PER_DAY));
  return compileInstantFormat(kind, 'us')(micros);
}

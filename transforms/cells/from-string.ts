import { floorDivide } from '../../core/calendar';
import type { Cell } from '../../core/cells';
import type { TimeUnit } from '../../core/time-unit';
import { readBytes } from '../bytes-text';
import { normaliseDecimal } from '../decimal-text';
import { ZERO_DATE, readInstant, readTime, type InstantReading } from '../../core/instant-text';
import { readInterval } from '../interval-text';
import { jsonProblem } from '../json-text';
import { normaliseUuid } from '../uuid-text';
import { compileFitBytes } from './from-bytes';
import { INSTANT_POLICIES } from './from-date';
import { changeOrReject, compileNonFinite, nullOrReject } from './policy-actions';
import {
  CellRejected,
  ofText,
  type CellFunction,
  type ConversionContext,
  type DestinationKind,
  type RulesFrom,
  type TypeOf,
} from './rule';
import {
  TIME_OF_DAY,
  compileFitDate,
  compileFitInstant,
  compileFitTime,
  compileToDay,
  unitsPerDay,
} from './to-instant';
import { compileDecimalToInt, compileFitDecimal, compileTextToFloat } from './to-number';
import { compileDocument, compileFitText, compileTextToJson } from './to-text';

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
]);

const NAN = /^[+-]?nan$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** NaN or an infinity, by name; undefined: another text. */
function readNonFinite(text: string): number | undefined {
  if (text.length > 9 || !/[nN]/.test(text)) return undefined;
  if (NAN.test(text)) return Number.NaN;
  const infinite = INFINITY.exec(text);
  if (infinite === null) return undefined;
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Texts of numbers: `convert` gets the canonical decimal and the text as it was. */
function ofNumberText(
  context: ConversionContext,
  destination: DestinationKind,
  expected: string,
  convert: (canonical: string, text: string) => Cell,
): CellFunction {
  const nonFinite = compileNonFinite(context, destination);
  return ofText((text) => {
    const canonical = normaliseDecimal(text);
    if (canonical !== undefined) return convert(canonical, text);
    const special = readNonFinite(text);
    if (special === undefined) throw CellRejected.of(expected);
    return nonFinite(special);
  });
}

const SHORT_INT = /^-?\d{1,15}$/;

function toInt(destination: TypeOf<'int'>, context: ConversionContext): CellFunction {
  const convert = compileDecimalToInt(destination);
  const slow = ofNumberText(context, 'int', 'not a whole number', convert);
  const safe = destination.bits >= 64 && destination.unsigned !== true;
  if (!safe) return slow;
  return (cell) => (typeof cell === 'string' && SHORT_INT.test(cell) ? BigInt(Number(cell)) : slow(cell));
}

/** Texts of dates and instants: `convert` gets what was read in `unit`. */
function ofInstantText(
  context: ConversionContext,
  unit: TimeUnit,
  expected: string,
  convert: (reading: InstantReading) => Cell,
): CellFunction {
  const zero = nullOrReject(context, 'zero_date', 'a zero date');
  return ofText((text) => {
    const reading = readInstant(text, unit);
    if (reading === undefined) throw CellRejected.of(expected);
    return reading === ZERO_DATE ? zero() : convert(reading);
  });
}

function toInstant(
  destination: TypeOf<'datetime'> | TypeOf<'timestamp'>,
  context: ConversionContext,
): CellFunction {
  const { unit } = destination;
  const fit = compileFitInstant(destination, context);
  const round = changeOrReject(context, 'inexact', `finer than the column's unit (${unit})`);
  return ofInstantText(context, unit, 'not a date and time', ({ value, exact }) => {
    if (!exact) round();
    return fit(value);
  });
}

function toDate(context: ConversionContext): CellFunction {
  const fit = compileFitDate(context);
  const toDay = compileToDay('us', context);
  const cut = changeOrReject(context, 'inexact', TIME_OF_DAY);
  return ofInstantText(context, 'us', 'not a date', ({ value, exact, roundedUp }) => {
    if (exact) return fit(toDay(value));
    cut();
    return fit(floorDivide(roundedUp ? value - 1n : value, unitsPerDay('us')));
  });
}

export const FROM_STRING: RulesFrom<'string'> = {
  bool: {
    name: 'words',
    description:
      '`true`, `t`, `yes`, `y`, `on`, `1` and `false`, `f`, `no`, `n`, `off`, `0`, in upper or lower case.',
    compile: () =>
      ofText((text) => {
        const value = BOOLEANS.get(text.toLowerCase());
        if (value === undefined) throw CellRejected.of('neither true nor false');
        return value;
      }),
  },
  int: {
    name: 'number',
    description:
      'A number (see decimal) that is whole, such as `42`, `-7`, `007`, `5.00` and `1e3`, within the range of the column.',
    compile: (_source, destination, context) => toInt(destination, context),
  },
  float: {
    name: 'number',
    description:
      'A number (see decimal): the nearest float, where the text is what that float prints with so many digits (`0.1`, `0.10` and `0.10000000000000000555` are); else policy `inexact` decides. Beyond the range of the column is a reject.',
    compile: (_source, destination, context) => {
      const convert = compileTextToFloat(destination, context);
      return ofNumberText(context, 'float', 'not a number', (_canonical, text) => convert(text));
    },
  },
  decimal: {
    name: 'number',
    description:
      '`[+-]digits[.digits]` or `[+-].digits`, optionally with `e` and a whole exponent; then as from a decimal. `NaN`, `inf` and `infinity`, with or without a sign, in upper or lower case, are up to policies `nan` and `infinity`.',
    compile: (_source, destination, context) =>
      ofNumberText(context, 'decimal', 'not a number', compileFitDecimal(destination, context)),
  },
  string: {
    name: 'text',
    description:
      'As it is. Longer than the column holds, or none of the values of an enum, is a reject: nothing is cut. U+0000 is up to policy `nul_character` where the destination does not take it; half of a surrogate pair is a reject.',
    compile: (_source, destination, context) => ofText(compileFitText(destination, context)),
  },
  bytes: {
    name: 'hex text',
    description:
      '`\\x` and pairs of hexadecimal digits; any other text is a reject, since it could be anything.',
    compile: (_source, destination) => {
      const fit = compileFitBytes(destination);
      return ofText((text) => {
        const bytes = readBytes(text);
        if (bytes === undefined) throw CellRejected.of('not \\x and pairs of hexadecimal digits');
        return fit(bytes);
      });
    },
  },
  json: {
    name: 'document',
    description:
      'The text must be one JSON value (RFC 8259) and stays as it is written; `hello` is none, `"hello"` is.',
    compile: (_source, _destination, context) => ofText(compileDocument(compileTextToJson(context), context)),
  },
  uuid: {
    name: 'uuid',
    description: '32 hexadecimal digits in upper or lower case, with or without hyphens and braces.',
    compile: () =>
      ofText((text) => {
        const uuid = normaliseUuid(text);
        if (uuid === undefined) throw CellRejected.of('not a uuid');
        return uuid;
      }),
  },
  date: {
    name: 'ISO date',
    description: `An instant as for timestamp; then as from a datetime: another time than midnight is up to policy \`inexact\`; ${INSTANT_POLICIES} (\`0000-00-00\`).`,
    compile: (_source, _destination, context) => toDate(context),
  },
  time: {
    name: 'clock',
    description:
      '`HH:MM[:SS[.digits]]` from 00:00:00 to 24:00:00; digits finer than the unit of the column are up to policy `inexact`.',
    compile: (_source, destination, context) => {
      const fit = compileFitTime(destination, context);
      const round = changeOrReject(context, 'inexact', `finer than the column's unit (${destination.unit})`);
      return ofText((text) => {
        const reading = readTime(text, destination.unit);
        if (reading === undefined) throw CellRejected.of('not a time of day');
        if (!reading.exact) round();
        return fit(reading.value);
      });
    },
  },
  datetime: {
    name: 'ISO instant',
    description: 'An instant as for timestamp; with an offset, its date and time in UTC.',
    compile: (_source, destination, context) => toInstant(destination, context),
  },
  timestamp: {
    name: 'ISO instant',
    description: `\`YYYY-MM-DD\`, optionally with \`T\` or a space and \`HH:MM[:SS[.digits]]\`, and with an offset: \`Z\`, \`UTC\`, \`+HH\`, \`+HHMM\` or \`+HH:MM[:SS]\`; without one it is UTC, without a time midnight. Years have 4 to 8 digits; before 1 they are written with a minus (\`-0043\`) or with \` BC\` at the end. \`infinity\` and \`-infinity\` are instants, too. Digits finer than the unit of the column are up to policy \`inexact\`; ${INSTANT_POLICIES} (\`0000-00-00\`).`,
    compile: (_source, destination, context) => toInstant(destination, context),
  },
  interval: {
    name: 'interval',
    description:
      'ISO 8601 (`P1Y2M3DT4H5M6.5S`), units with an optional clock (`1 year 2 mons -3 days 04:05:06.5`), or `Y-M D H:M:S`; digits beyond microseconds are up to policy `inexact`.',
    compile: (_source, _destination, context) => {
      const round = changeOrReject(context, 'inexact', 'finer than microseconds');
      return ofText((text) => {
        const reading = readInterval(text);
        if (reading === undefined) throw CellRejected.of('not an interval');
        if (!reading.exact) round();
        return reading.value;
      });
    },
  },
  array: {
    name: 'JSON array',
    description: 'The text of a JSON array; its elements as from a variant.',
    compile: (_source, destination, context) => ofJsonText(context.compile(VARIANT, destination)),
  },
  struct: {
    name: 'JSON object',
    description: 'The text of a JSON object; its fields as from a variant.',
    compile: (_source, destination, context) => ofJsonText(context.compile(VARIANT, destination)),
  },
};

const VARIANT = { kind: 'variant' } as const;

function ofJsonText(convert: CellFunction): CellFunction {
  return ofText((text) => {
    const problem = jsonProblem(text);
    if (problem !== undefined) throw CellRejected.of(problem);
    return convert(text);
  });
}

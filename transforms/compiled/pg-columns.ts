import type { DestinationRules } from '../../core/destination-rules';
import type { PgForm } from '../../core/pg-binary';
import type { ColumnType } from '../../core/schema';
import { EPOCH_DAYS, EPOCH_MICROS, FIRST_MICROS, isPlainText, MICROS_PER_DAY } from './pg-writers';

/** Kinds of columns by their numbers in wasm/pg-values.wat. */
const KINDS = [
  'int16',
  'int32',
  'uint32',
  'int64',
  'bool',
  'float32',
  'float64',
  'numeric',
  'bytes',
  'document',
  'anyDocument',
  'uuid',
  'array',
] as const;
export type WireKind = (typeof KINDS)[number];

/** What wasm/pg-values.wat has to know of a column; a number's meaning depends on its kind, and is told there. */
export interface WireValue {
  readonly kind: WireKind;
  readonly least: bigint;
  readonly most: bigint;
  readonly added: bigint;
}

export interface WireColumn extends WireValue {
  /** Of an array. */
  readonly element?: WireValue;
}

export interface WireTypes {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
}

const MOST_LONG = 2n ** 63n - 1n;
/** Numerics are written with up to so many digits. */
const MAX_PRECISION = 18;

/** The column for values that `compilePgWriter` would write, or some of them. Undefined: there is none for these types. */
export function wireColumn(form: PgForm, types: WireTypes): WireColumn | undefined {
  const { source, destination, rules } = types;
  if (typeof form === 'object') return arrayColumn(form.element, types);
  switch (form) {
    case 'bool':
      return destination.kind === 'bool' ? column('bool') : undefined;
    case 'int16':
    case 'int32':
    case 'uint32':
    case 'int64':
      return destination.kind === 'int' ? column(form, ...rangeOf(destination)) : undefined;
    case 'float32':
    case 'float64':
      if (destination.kind !== 'float' || !rules.nonFiniteFloat) return undefined;
      return destination.bits === 32 && form === 'float64' ? undefined : column(form);
    case 'numeric': {
      if (destination.kind !== 'decimal' || destination.precision === undefined) return undefined;
      const { precision, scale = 0 } = destination;
      return scale < 0
        ? undefined
        : column('numeric', 10n ** BigInt(Math.min(precision, MAX_PRECISION)), BigInt(scale));
    }
    case 'text':
    case 'jsonb':
      return textColumn(form, types);
    case 'bytes':
      return destination.kind === 'bytes' ? column('bytes', bytesOf(destination.maxLength)) : undefined;
    case 'uuid':
      return destination.kind === 'uuid' || isPlainText(destination) ? column('uuid') : undefined;
    case 'date': {
      if (destination.kind !== 'date' || source.kind !== 'date') return undefined;
      const [first, last] = rules.dateRange;
      return sinceEpoch('int32', first, last, BigInt(EPOCH_DAYS));
    }
    case 'instant': {
      if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return undefined;
      if (destination.unit !== 'us') return undefined;
      const [first, last] = rules.instantRange;
      const begin = BigInt(FIRST_MICROS);
      return sinceEpoch('int64', first > begin ? first : begin, last, BigInt(EPOCH_MICROS));
    }
    case 'time':
      if (destination.kind !== 'time' || destination.unit !== 'us') return undefined;
      return column('int64', 0n, BigInt(MICROS_PER_DAY) - 1n);
    case 'other':
      return undefined;
  }
}

/** As WebAssembly knows it. */
export function kindNumber(kind: WireKind): number {
  return KINDS.indexOf(kind);
}

function column(kind: WireKind, least = 0n, most = 0n, added = 0n): WireColumn {
  return { kind, least, most, added };
}

function sinceEpoch(kind: 'int32' | 'int64', first: bigint, last: bigint, epoch: bigint): WireColumn {
  const bits = kind === 'int32' ? 32n : 64n;
  // Its ends are `infinity` and `-infinity`.
  const least = -(2n ** (bits - 1n)) + 1n;
  const most = 2n ** (bits - 1n) - 2n;
  const from = first - epoch;
  const to = last - epoch;
  return column(kind, from > least ? from : least, to < most ? to : most, epoch);
}

/** Smallest and greatest number of the type that has 64 bits and a sign. */
export function rangeOf({ bits, unsigned }: ColumnType & { kind: 'int' }): [bigint, bigint] {
  const size = BigInt(bits);
  const [least, most] =
    unsigned === true ? [0n, 2n ** size - 1n] : [-(2n ** (size - 1n)), 2n ** (size - 1n) - 1n];
  return [least < -MOST_LONG ? -MOST_LONG - 1n : least, most > MOST_LONG ? MOST_LONG : most];
}

function bytesOf(maxLength = Infinity): bigint {
  return Number.isFinite(maxLength) ? BigInt(maxLength) : MOST_LONG;
}

function textColumn(
  form: 'text' | 'jsonb',
  { source, destination, rules }: WireTypes,
): WireColumn | undefined {
  if (source.kind === 'string' && destination.kind === 'string' && destination.values === undefined) {
    const { maxLength = Infinity } = destination;
    // Characters: texts of so many bytes have no more of them.
    return column('bytes', bytesOf((source.maxLength ?? Infinity) <= maxLength ? Infinity : maxLength));
  }
  if (source.kind !== 'json') return undefined;
  if (destination.kind === 'json') {
    if (rules.nullDocument === false) return undefined;
    const kind = rules.jsonNumbers === undefined ? 'anyDocument' : 'document';
    return column(kind, 0n, form === 'jsonb' ? 1n : 0n);
  }
  return form === 'text' && isPlainText(destination) ? column('bytes', MOST_LONG) : undefined;
}

function arrayColumn(form: PgForm, { source, destination, rules }: WireTypes): WireColumn | undefined {
  if (source.kind !== 'array' || destination.kind !== 'array' || typeof form === 'object') return undefined;
  const element = wireColumn(form, {
    rules,
    source: source.element,
    destination: destination.element,
  });
  return element === undefined ? undefined : { ...column('array'), element };
}

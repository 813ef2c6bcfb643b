import type { ArrowLayout } from '../../core/arrow-layout';
import { UNITS_PER_SECOND, type TimeUnit } from '../../core/time-unit';
import { changeOfUnit } from './arrow-instant';
import { rangeOf, wireColumn, type WireTypes } from './pg-columns';

/** Kinds of columns by their numbers in wasm/arrow-avro.wat. */
const KINDS = [
  'bool',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'float32',
  'float64',
  'decimal64',
  'decimal128',
  'bytes',
  'text',
  'document',
  'anyDocument',
  'uuid',
  'list',
] as const;
type ArrowKind = (typeof KINDS)[number];

/** How values lie: as bits, so many bytes each, or bytes between places. */
export type ValueShape = 'bits' | 1 | 2 | 4 | 8 | 16 | 'places';

/** What wasm/arrow-avro.wat has to know of a column; a number's meaning depends on its kind, and is told there. */
export interface ArrowValue {
  readonly kind: ArrowKind;
  readonly shape: ValueShape;
  readonly least: bigint;
  readonly most: bigint;
  readonly divisor: bigint;
  readonly factor: bigint;
  /** Of a list. */
  readonly element?: ArrowValue;
}

const MOST_LONG = 2n ** 63n - 1n;
const SECONDS_PER_DAY = 86_400n;
const MICROS_PER_SECOND = 1_000_000n;
const UUID_BYTES = 16;
/** Of a product of 64 bits. */
const MAX_POWER = 18;

/** The column for values that `compileArrowWriter` would write, or some of them. Undefined: there is none for these types. */
export function arrowColumn(layout: ArrowLayout, types: WireTypes): ArrowValue | undefined {
  const { source, destination, rules } = types;
  switch (layout.kind) {
    case 'bool':
      return source.kind === 'bool' && destination.kind === 'bool' ? value('bool', 'bits') : undefined;
    case 'int':
      return intColumn(layout, types);
    case 'float': {
      if (source.kind !== 'float' || destination.kind !== 'float' || !rules.nonFiniteFloat) return undefined;
      if (layout.bits === 16 || layout.bits > destination.bits) return undefined;
      return layout.bits === 32 ? value('float32', 4) : value('float64', 8);
    }
    case 'decimal':
      return decimalColumn(layout, types);
    case 'text':
      if (layout.offsets !== 32 || !rules.nulCharacter) return undefined;
      return bytesColumn('text', types);
    case 'bytes':
      return layout.offsets === 32 && source.kind === 'bytes' ? bytesColumn('bytes', types) : undefined;
    case 'uuid':
      if (source.kind !== 'uuid' && source.kind !== 'string') return undefined;
      return wireColumn('uuid', types) === undefined ? undefined : value('uuid', UUID_BYTES);
    case 'date': {
      if (layout.bits !== 32 || source.kind !== 'date' || destination.kind !== 'date') return undefined;
      const [least, most] = rules.dateRange;
      return value('int32', 4, { least, most });
    }
    case 'time':
      return timeColumn(layout.bits, layout.unit, types);
    case 'instant':
      return instantColumn(layout.unit, types);
    case 'list':
      return listColumn(layout, types);
    default:
      return undefined;
  }
}

/** As WebAssembly knows it. */
export function arrowKindNumber(kind: ArrowKind): number {
  return KINDS.indexOf(kind);
}

type Limits = Partial<Pick<ArrowValue, 'least' | 'most' | 'divisor' | 'factor'>>;

function value(kind: ArrowKind, shape: ValueShape, limits: Limits = {}): ArrowValue {
  return { kind, shape, least: 0n, most: 0n, divisor: 1n, factor: 1n, ...limits };
}

function intColumn(
  { bits, unsigned }: Extract<ArrowLayout, { kind: 'int' }>,
  { source, destination }: WireTypes,
): ArrowValue | undefined {
  if (source.kind !== 'int' || destination.kind !== 'int' || destination.bits === 128) return undefined;
  const [least, most] = rangeOf(destination);
  if (bits === 64) {
    // Half of the numbers without a sign are beyond those that have one, where they are below zero.
    return value('int64', 8, { least: unsigned && least < 0n ? 0n : least, most });
  }
  return value(unsigned ? `uint${bits}` : `int${bits}`, bits === 8 ? 1 : bits === 16 ? 2 : 4, {
    least,
    most,
  });
}

function decimalColumn(
  { bits, scale }: Extract<ArrowLayout, { kind: 'decimal' }>,
  { source, destination }: WireTypes,
): ArrowValue | undefined {
  if (source.kind !== 'decimal' || destination.kind !== 'decimal') return undefined;
  const { precision, scale: to = 0 } = destination;
  if (precision === undefined || scale < 0 || to > precision) return undefined;
  const power = to - scale;
  if (power < 0 || power > MAX_POWER || (bits !== 64 && bits !== 128)) return undefined;
  // Unscaled numbers of 64 bits, without their signs.
  const limit = 10n ** BigInt(Math.min(precision, MAX_POWER + 1));
  const most = limit > MOST_LONG ? MOST_LONG : limit;
  const limits = { least: 10n ** BigInt(power), most };
  return bits === 64 ? value('decimal64', 8, limits) : value('decimal128', 16, limits);
}

function bytesColumn(form: 'text' | 'bytes', types: WireTypes): ArrowValue | undefined {
  const wire = wireColumn(form, types);
  switch (wire?.kind) {
    case 'bytes':
      return value(form, 'places', { most: wire.least });
    case 'document':
    case 'anyDocument':
      return value(wire.kind, 'places', { most: MOST_LONG });
    default:
      return undefined;
  }
}

function timeColumn(
  bits: 32 | 64,
  unit: TimeUnit,
  { source, destination }: WireTypes,
): ArrowValue | undefined {
  if (source.kind !== 'time' || destination.kind !== 'time') return undefined;
  const most = SECONDS_PER_DAY * UNITS_PER_SECOND[unit] - 1n;
  const limits = { least: 0n, most, ...exactChange(unit, destination.unit) };
  return bits === 32 ? value('int32', 4, limits) : value('int64', 8, limits);
}

function instantColumn(unit: TimeUnit, { source, destination, rules }: WireTypes): ArrowValue | undefined {
  if (source.kind !== 'datetime' && source.kind !== 'timestamp') return undefined;
  if (destination.kind !== 'datetime' && destination.kind !== 'timestamp') return undefined;
  const change = exactChange(unit, destination.unit);
  // In units of the source; the ends of 64 bits are infinities.
  const perUnit = UNITS_PER_SECOND[unit];
  const [first, last] = rules.instantRange.map((micros) => (micros * perUnit) / MICROS_PER_SECOND);
  if (first === undefined || last === undefined) throw new RangeError('a range has two ends');
  const end = (MOST_LONG - 1n) / change.factor;
  return value('int64', 8, { least: first < -end ? -end : first, most: last > end ? end : last, ...change });
}

function listColumn(
  { offsets, element }: Extract<ArrowLayout, { kind: 'list' }>,
  { source, destination, rules }: WireTypes,
): ArrowValue | undefined {
  if (source.kind !== 'array' || destination.kind !== 'array' || offsets !== 32) return undefined;
  if (element.kind === 'list') return undefined;
  const inner = arrowColumn(element, {
    rules,
    source: source.element,
    destination: destination.element,
  });
  return inner === undefined ? undefined : { ...value('list', 'places'), element: inner };
}

function exactChange(from: TimeUnit, to: TimeUnit): { divisor: bigint; factor: bigint } {
  const { divisor, factor } = changeOfUnit(from, to);
  return { divisor: BigInt(divisor), factor: BigInt(factor) };
}

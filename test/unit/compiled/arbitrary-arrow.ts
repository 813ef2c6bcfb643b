import fc from 'fast-check';
import type { ArrowData } from '../../../core/arrow-buffers';
import type { ArrowLayout } from '../../../core/arrow-layout';
import type { ColumnType } from '../../../core/schema';
import { TIME_UNITS, UNITS_PER_SECOND, type TimeUnit } from '../../../core/time-unit';
import { columnTypeOf } from '../../../extractors/formats/arrow-schema';
import { cellWidening } from '../../../extractors/formats/cell-widening';
import { jsonText } from '../transforms/arbitrary-cells';

/** A value of a column as its buffers have it: numbers of any kind are bigints. */
export type Stored = null | boolean | number | bigint | Buffer | readonly Stored[];

/** Layouts with values of them. */
export interface ArrowCase {
  readonly layout: ArrowLayout;
  readonly value: fc.Arbitrary<Exclude<Stored, null>>;
}

/** What is in front of a column's values: it is a part of a larger one. In bits and bytes. */
const JUNK = 5;

/** A column of these values. */
export function arrowData(layout: ArrowLayout, stored: readonly Stored[]): ArrowData {
  const { length } = stored;
  const nullCount = stored.filter((value) => value === null).length;
  const nullBitmap = bitsOf(stored.map((value) => value !== null));
  const common = { length, offset: JUNK, nullCount, nullBitmap, children: [] };
  switch (layout.kind) {
    case 'null':
      return { ...common, nullBitmap: null };
    case 'bool':
      return { ...common, values: bitsOf(stored.map((value) => value === true)) };
    case 'text':
    case 'bytes': {
      const all = stored.map((value) => (Buffer.isBuffer(value) ? value : Buffer.alloc(0)));
      const values = Buffer.concat([Buffer.alloc(JUNK, 0xc3), ...all, Buffer.alloc(3, 0x61)]);
      const places = placesOf(all.map((bytes) => bytes.length));
      return { ...common, values, valueOffsets: offsetsOf(layout.offsets, places) };
    }
    case 'list': {
      const all = stored.map((value) => (Array.isArray(value) ? (value as readonly Stored[]) : []));
      if (layout.offsets === 'fixed') {
        const padded = all.flatMap((cells) =>
          Array.from({ length: layout.size }, (_, index) => cells[index] ?? null),
        );
        return { ...common, children: [arrowData(layout.element, padded)] };
      }
      const before: Stored[] = Array.from({ length: JUNK }, () => null);
      const places = placesOf(all.map((cells) => cells.length));
      return {
        ...common,
        valueOffsets: offsetsOf(layout.offsets, places),
        children: [arrowData(layout.element, [...before, ...all.flat()])],
      };
    }
    case 'struct': {
      const children = layout.fields.map((field, index) =>
        arrowData(
          field.layout,
          stored.map((value) => (Array.isArray(value) ? ((value[index] ?? null) as Stored) : null)),
        ),
      );
      return { ...common, children };
    }
    case 'dictionary': {
      const known = [...new Set(stored)];
      const keys = Int16Array.from(stored, (value) => known.indexOf(value));
      return { ...common, values: keys, dictionary: { data: [arrowData(layout.values, known)] } };
    }
    default: {
      const bytes = Buffer.concat(stored.map((value) => fixedBytes(layout, value)));
      return { ...common, values: Uint8Array.from(bytes) };
    }
  }
}

function bitsOf(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(((bits.length + JUNK) >> 3) + 1).fill(0b11010);
  bits.forEach((bit, index) => {
    const at = index + JUNK;
    const mask = 1 << (at & 7);
    bytes[at >> 3] = bit ? (bytes[at >> 3] ?? 0) | mask : (bytes[at >> 3] ?? 0) & ~mask;
  });
  return bytes;
}

function placesOf(lengths: readonly number[]): number[] {
  let end = JUNK;
  return [end, ...lengths.map((length) => (end += length))];
}

function offsetsOf(offsets: unknown, places: readonly number[]): Int32Array | BigInt64Array {
  return offsets === 64 ? BigInt64Array.from(places, BigInt) : Int32Array.from(places);
}

function fixedBytes(layout: ArrowLayout, value: Stored): Buffer {
  if (layout.kind === 'float') {
    const bytes = Buffer.alloc(layout.bits / 8);
    if (layout.bits === 64) bytes.writeDoubleLE(Number(value));
    else if (layout.bits === 32) bytes.writeFloatLE(Number(value));
    else bytes.writeUInt16LE(Number(value ?? 0));
    return bytes;
  }
  const size = widthOf(layout);
  if (Buffer.isBuffer(value)) return value;
  const whole = BigInt.asUintN(size * 8, typeof value === 'bigint' ? value : 0n);
  return Buffer.from(whole.toString(16).padStart(size * 2, '0'), 'hex').reverse();
}

function widthOf(layout: ArrowLayout): number {
  switch (layout.kind) {
    case 'int':
    case 'decimal':
    case 'date':
    case 'time':
      return layout.bits / 8;
    case 'fixed-bytes':
      return layout.width;
    case 'uuid':
      return 16;
    case 'parquet-int96':
    case 'parquet-interval':
      return 12;
    default:
      return 8;
  }
}

const text = fc
  .oneof(
    fc.string({ unit: fc.constantFrom('a', '0', 'é', '📦', '\\', '"', '\u0000', '€'), maxLength: 12 }),
    fc.nat({ max: 300 }).map((length) => 'x'.repeat(length)),
  )
  .map((value) => Buffer.from(value, 'utf8'));
/** What is no UTF-8 by itself, but may be with its neighbours. */
const pieces = fc.constantFrom('c3', 'a9', '80', 'ff', 'f09f', '93a6', '61', 'c3a9', '').map(hex);
const json = fc
  .oneof(jsonText, fc.constantFrom('null', '{"a": 1.5}', '{"n": 12345678901234567890}', '"\\u0041"', '1e5'))
  .map((value) => Buffer.from(value, 'utf8'));

function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex');
}

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((value) => Buffer.from(value));
}

/** Whole numbers of so many bits, the ends of every smaller width and of doubles among them. */
function whole(bits: number, unsigned = false): fc.Arbitrary<bigint> {
  const min = unsigned ? 0n : -(2n ** BigInt(bits - 1));
  const max = unsigned ? 2n ** BigInt(bits) - 1n : 2n ** BigInt(bits - 1) - 1n;
  const ends = [7n, 8n, 15n, 16n, 31n, 32n, 53n, 63n, 64n, 127n].flatMap((power) =>
    [-1n, 0n, 1n].flatMap((more) => [2n ** power + more, -(2n ** power) + more]),
  );
  const fitting = ends.filter((end) => end >= min && end <= max);
  return fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: unsigned ? 0n : -100n, max: 100n }),
    fc.constantFrom(...fitting, min, max),
  );
}

function decimals(precision: number): fc.Arbitrary<bigint> {
  const limit = 10n ** BigInt(precision) - 1n;
  const of = (max: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: -max, max });
  const least = limit < 99_999n ? limit : 99_999n;
  return fc.oneof(
    of(limit),
    of(least),
    of(least / 1000n).map((value) => value * 1000n),
    fc.constantFrom(0n, limit, -limit),
  );
}

/** From years before Christ to beyond 9999, whole seconds and parts of them. */
function instants(unit: TimeUnit): fc.Arbitrary<bigint> {
  const perSecond = UNITS_PER_SECOND[unit];
  const longest = 2n ** 63n / perSecond - 1n;
  const near = (seconds: bigint): bigint => (seconds < longest ? seconds : longest);
  const seconds = fc.bigInt({ min: -near(70_000_000_000n), max: near(260_000_000_000n) });
  return fc.oneof(
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: near(4_000_000_000n) }).map((at) => at * perSecond) },
    seconds.map((at) => at * perSecond),
    fc.tuple(seconds, fc.bigInt({ min: 0n, max: perSecond })).map(([at, part]) => at * perSecond + part),
    fc
      .bigInt({ min: 0n, max: 2n ** 53n })
      .map((at) => at * 1000n)
      .filter((at) => at < 2n ** 63n),
    whole(64),
    fc
      .constantFrom(2n ** 63n - 1n, -(2n ** 63n) + 1n, -62_135_596_800n * perSecond)
      .filter((at) => at >= -(2n ** 63n)),
  );
}

function times(unit: TimeUnit, bits: 32 | 64): fc.Arbitrary<bigint> {
  const perSecond = UNITS_PER_SECOND[unit];
  const end = 86_400n * perSecond;
  return fc.oneof(
    { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 86_399n }).map((at) => at * perSecond) },
    fc.bigInt({ min: 0n, max: end }),
    whole(bits),
  );
}

const ints: readonly ArrowCase[] = ([8, 16, 32, 64] as const).flatMap((bits) =>
  [false, true].map((unsigned) => ({
    layout: { kind: 'int', bits, unsigned } as const,
    value: whole(bits, unsigned),
  })),
);

const leaves: readonly ArrowCase[] = [
  ...ints,
  { layout: { kind: 'bool' }, value: fc.boolean() },
  { layout: { kind: 'duration' }, value: whole(64) },
  { layout: { kind: 'float', bits: 16 }, value: fc.nat({ max: 0xffff }) },
  { layout: { kind: 'float', bits: 32 }, value: fc.float() },
  { layout: { kind: 'float', bits: 64 }, value: fc.oneof(fc.double(), fc.float(), fc.integer()) },
  ...(
    [
      [32, 9, 2],
      [64, 18, 4],
      [128, 12, 2],
      [128, 38, 9],
      [128, 20, 0],
      [256, 50, 20],
    ] as const
  ).map(([bits, precision, scale]) => ({
    layout: { kind: 'decimal', bits, precision, scale } as const,
    value: decimals(precision),
  })),
  { layout: { kind: 'text', offsets: 32, json: false }, value: text },
  { layout: { kind: 'text', offsets: 64, json: false }, value: text },
  { layout: { kind: 'text', offsets: 32, json: true }, value: json },
  { layout: { kind: 'bytes', offsets: 32 }, value: bytes(0, 200) },
  { layout: { kind: 'bytes', offsets: 64 }, value: bytes(0, 20) },
  { layout: { kind: 'fixed-bytes', width: 5 }, value: bytes(5, 5) },
  { layout: { kind: 'fixed-bytes', width: 16 }, value: bytes(16, 16) },
  { layout: { kind: 'uuid' }, value: bytes(16, 16) },
  {
    layout: { kind: 'date', bits: 32 },
    value: fc.oneof(whole(32), fc.bigInt({ min: -720_000n, max: 3_000_000n })),
  },
  { layout: { kind: 'date', bits: 64 }, value: whole(40).map((day) => day * 86_400n) },
  ...TIME_UNITS.map((unit): ArrowCase => {
    const bits = unit === 's' || unit === 'ms' ? 32 : 64;
    return { layout: { kind: 'time', bits, unit }, value: times(unit, bits) };
  }),
  ...TIME_UNITS.flatMap((unit) =>
    [true, false].map((zoned): ArrowCase => ({
      layout: { kind: 'instant', unit, zoned },
      value: instants(unit),
    })),
  ),
  { layout: { kind: 'parquet-int96' }, value: bytes(12, 12) },
  { layout: { kind: 'parquet-interval' }, value: bytes(12, 12) },
];

/** Texts that are not all UTF-8. */
export const BROKEN_TEXTS: ArrowCase = { layout: { kind: 'text', offsets: 32, json: false }, value: pieces };

export const arrowLeaf: fc.Arbitrary<ArrowCase> = fc.constantFrom(...leaves);

/** Any column. */
export const arrowCase: fc.Arbitrary<ArrowCase> = fc.oneof(
  { weight: 6, arbitrary: arrowLeaf },
  fc.constant({ layout: { kind: 'null' }, value: fc.constant(false) } as const),
  arrowLeaf.map(dictionaryOf),
  arrowLeaf.chain((one) => fc.constantFrom(listOf(one, 32), listOf(one, 64), fixedListOf(one))),
  arrowLeaf.map((one) => listOf(dictionaryOf(one), 32)),
  fc.tuple(arrowLeaf, arrowLeaf).map(([a, b]): ArrowCase => ({
    layout: {
      kind: 'struct',
      fields: [
        { name: 'a', layout: a.layout },
        { name: 'b', layout: b.layout },
      ],
    },
    value: fc.tuple<Stored[]>(fc.option(a.value), b.value),
  })),
);

function dictionaryOf({ layout, value }: ArrowCase): ArrowCase {
  return { layout: { kind: 'dictionary', values: layout }, value };
}

function listOf({ layout, value }: ArrowCase, offsets: 32 | 64): ArrowCase {
  return {
    layout: { kind: 'list', offsets, size: 0, element: layout },
    value: fc.oneof(
      { weight: 4, arbitrary: fc.array(value, { maxLength: 4 }) },
      fc.array(fc.option(value), { maxLength: 3 }),
    ),
  };
}

function fixedListOf({ layout, value }: ArrowCase): ArrowCase {
  return {
    layout: { kind: 'list', offsets: 'fixed', size: 2, element: layout },
    value: fc.tuple(value, value),
  };
}

const DESTINATIONS: readonly ColumnType[] = [
  { kind: 'bool' },
  ...([8, 16, 32, 64] as const).flatMap((bits): ColumnType[] => [
    { kind: 'int', bits },
    { kind: 'int', bits, unsigned: true },
  ]),
  { kind: 'float', bits: 32 },
  { kind: 'float', bits: 64 },
  { kind: 'decimal', precision: 38, scale: 9 },
  { kind: 'decimal', precision: 76, scale: 38 },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 18, scale: 4 },
  { kind: 'decimal', precision: 5, scale: 5 },
  { kind: 'decimal', precision: 20, scale: 0 },
  { kind: 'string' },
  { kind: 'string', maxLength: 5 },
  { kind: 'string', values: ['a', '0'] },
  { kind: 'bytes' },
  { kind: 'bytes', maxLength: 5 },
  { kind: 'json' },
  { kind: 'uuid' },
  { kind: 'date' },
  { kind: 'interval' },
  ...TIME_UNITS.flatMap((unit): ColumnType[] => [
    { kind: 'time', unit },
    { kind: 'datetime', unit },
    { kind: 'timestamp', unit },
  ]),
];

/** Types that a column of the type may go into, those of its own kind first of all. */
export function destinationsOf(type: ColumnType): fc.Arbitrary<ColumnType> {
  if (type.kind === 'array') {
    return fc.oneof(
      {
        weight: 4,
        arbitrary: destinationsOf(type.element).map((element): ColumnType => ({ kind: 'array', element })),
      },
      fc.constant<ColumnType>({ kind: 'json' }),
    );
  }
  if (type.kind === 'struct') return fc.constantFrom<ColumnType>(type, { kind: 'json' });
  const own = DESTINATIONS.filter(({ kind }) => kind === type.kind);
  const any = fc.constantFrom(...DESTINATIONS);
  return own.length === 0 ? any : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...own) }, any);
}

/** Types that several files may share, one of which has a column of this layout. */
export function sourcesOf(layout: ArrowLayout): ColumnType[] {
  const own = columnTypeOf(layout);
  const wider: ColumnType[] = [
    { kind: 'int', bits: 64 },
    { kind: 'float', bits: 64 },
    { kind: 'decimal', precision: 38, scale: 9 },
    { kind: 'decimal', precision: 60, scale: 20 },
    { kind: 'string' },
    { kind: 'datetime', unit: 'us' },
    { kind: 'timestamp', unit: 'us' },
    { kind: 'timestamp', unit: 'ns' },
    { kind: 'time', unit: 'ns' },
  ];
  return [own, own, ...wider.filter((type) => cellWidening(own, type) !== undefined)];
}

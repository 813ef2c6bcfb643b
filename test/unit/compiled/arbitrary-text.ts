import fc from 'fast-check';
import type { ColumnType } from '../../../core/schema';
import { TIME_UNITS, UNIT_DIGITS, type TimeUnit } from '../../../core/time-unit';

/** A type, and texts in the plain form of its values; not all of them within its range. */
export interface TextCase {
  readonly type: ColumnType;
  readonly plain: fc.Arbitrary<string>;
}

const bigDigits = fc.oneof(
  fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }),
  fc.integer().map(BigInt),
  fc
    .integer({ min: 0, max: 64 })
    .chain((bits) => fc.constantFrom(2n ** BigInt(bits), -(2n ** BigInt(bits)), 2n ** BigInt(bits) - 1n)),
);

const whole = (bits: 8 | 16 | 32 | 64, unsigned: boolean): fc.Arbitrary<string> => {
  const [min, max] = unsigned
    ? [0n, bits === 64 ? 2n ** 63n - 1n : 2n ** BigInt(bits) - 1n]
    : [1n - 2n ** BigInt(bits - 1), 2n ** BigInt(bits - 1) - 1n];
  return fc
    .oneof(
      fc.bigInt({ min, max }),
      bigDigits.filter((value) => value >= min && value <= max),
      fc.constantFrom(min, max),
    )
    .map(String);
};

const decimal = (precision: number, scale: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.bigInt({ min: 0n, max: 10n ** BigInt(precision) - 1n }),
      fc.nat({ max: precision }),
      fc.nat({ max: scale }),
      fc.boolean(),
    )
    .map(([value, digits, places, negative]) => {
      const text = value
        .toString()
        .slice(0, Math.max(1, digits))
        .padStart(places + 1, '0');
      const point = text.length - places;
      return `${negative ? '-' : ''}${text.slice(0, point)}${places === 0 ? '' : `.${text.slice(point)}`}`;
    });

const float = fc.oneof(
  fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.nat({ max: 12 }))
    .map(([value, places]) => (value / 10 ** places).toFixed(places))
    .filter((text) => text.replace(/\D/g, '').replace(/^0+/, '').length <= 15),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? '-0' : String(value))),
);

const two = (value: number): string => String(value).padStart(2, '0');

const day = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
  .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`);

const clock = (unit: TimeUnit): fc.Arbitrary<string> => {
  const digits = UNIT_DIGITS[unit];
  const fraction =
    digits === 0
      ? fc.constant('')
      : fc.oneof(
          fc.constant(''),
          fc
            .stringMatching(new RegExp(`^\\.[0-9]{1,${digits}}0?$`))
            .filter((text) => text.length <= digits + 1 || text.endsWith('0')),
        );
  return fc
    .tuple(
      fc.nat({ max: 23 }),
      fc.nat({ max: 59 }),
      fc.option(fc.tuple(fc.nat({ max: 59 }), fraction), { freq: 5 }),
    )
    .map(
      ([hour, minute, rest]) =>
        `${two(hour)}:${two(minute)}${rest === null ? '' : `:${two(rest[0])}${rest[1]}`}`,
    );
};

const offset = fc.oneof(
  fc.constantFrom('', '', '', 'Z', '+00', '-18:00'),
  fc
    .tuple(
      fc.constantFrom('+', '-'),
      fc.nat({ max: 18 }),
      fc.constantFrom('', ':', 'none'),
      fc.nat({ max: 59 }),
    )
    .map(
      ([sign, hour, colon, minute]) => `${sign}${two(hour)}${colon === 'none' ? '' : colon + two(minute)}`,
    ),
);

const instant = (unit: TimeUnit): fc.Arbitrary<string> =>
  fc.oneof(
    day,
    fc.tuple(day, fc.constantFrom(' ', 'T'), clock(unit), offset).map((parts) => parts.join('')),
  );

const inner = fc.string({
  unit: fc.constantFrom('a', 'é', '😀', '"', '\\', '\n', '\u0007', '/'),
  maxLength: 6,
});
const document = fc
  .tuple(
    fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        inner,
        fc.integer(),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Math.round(value * 100) / 100),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(inner, tie('value'), { maxKeys: 4 }),
      ),
    })).value,
    fc.constantFrom(undefined, 1),
  )
  .map(([value, spaces]) => JSON.stringify(value, undefined, spaces));

export const TEXT_CASES: readonly TextCase[] = [
  ...([8, 16, 32, 64] as const).flatMap((bits) =>
    [false, true].map((unsigned): TextCase => ({
      type: { kind: 'int', bits, unsigned },
      plain: whole(bits, unsigned),
    })),
  ),
  ...(
    [
      [5, 2],
      [15, 0],
      [18, 3],
      [38, 9],
      [38, 38],
      [76, 38],
    ] as const
  ).map(([precision, scale]): TextCase => ({
    type: { kind: 'decimal', precision, scale },
    plain: decimal(precision, scale),
  })),
  {
    type: { kind: 'float', bits: 64 },
    plain: float.filter((text) => !/\d{3}e|e-7$/.test(text) || String(Number(text)) === text),
  },
  {
    type: { kind: 'float', bits: 32 },
    plain: fc
      .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat({ max: 4 }))
      .map(([value, places]) => (value / 10 ** places).toFixed(places))
      .filter((text) => text.replace(/\D/g, '').replace(/^0+/, '').length <= 6),
  },
  {
    type: { kind: 'bool' },
    plain: fc.constantFrom('true', 'T', 'yes', 'Y', 'on', '1', 'False', 'f', 'NO', 'n', 'off', '0'),
  },
  { type: { kind: 'string' }, plain: fc.string({ unit: 'grapheme' }) },
  {
    type: { kind: 'string', maxLength: 5 },
    plain: fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  },
  {
    type: { kind: 'string', values: ['new', 'paid', 'größer', ''] },
    plain: fc.constantFrom('new', 'paid', 'größer', '', 'lost'),
  },
  { type: { kind: 'json' }, plain: document },
  { type: { kind: 'uuid' }, plain: fc.uuid().chain((uuid) => fc.constantFrom(uuid, uuid.toUpperCase())) },
  { type: { kind: 'date' }, plain: day },
  ...TIME_UNITS.flatMap((unit): TextCase[] => [
    { type: { kind: 'time', unit }, plain: clock(unit) },
    { type: { kind: 'datetime', unit }, plain: instant(unit) },
    { type: { kind: 'timestamp', unit }, plain: instant(unit) },
  ]),
];

/** Texts of no type. */
export const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.stringMatching(/^[-+0-9.eE:TZ "{}[\],a-f]{0,12}$/),
);

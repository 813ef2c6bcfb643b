import fc from 'fast-check';
import type { ColumnType } from '../../../core/schema';
import { anyText, jsonText } from '../transforms/arbitrary-cells';

/** Types that Avro and BigQuery have, as destinations of columns of JSON. */
export const jsonDestinations: readonly ColumnType[] = [
  { kind: 'bool' },
  { kind: 'int', bits: 64 },
  { kind: 'int', bits: 16 },
  { kind: 'float', bits: 64 },
  { kind: 'decimal', precision: 38, scale: 9 },
  { kind: 'decimal', precision: 6, scale: 2 },
  { kind: 'string' },
  { kind: 'string', maxLength: 4 },
  { kind: 'string', values: ['a', 'é', '1', 'true', '{}'] },
  { kind: 'json' },
  { kind: 'bytes' },
  { kind: 'uuid' },
  { kind: 'date' },
  { kind: 'time', unit: 'us' },
  { kind: 'datetime', unit: 'us' },
  { kind: 'timestamp', unit: 'us' },
];

const nested: readonly ColumnType[] = [
  {
    kind: 'struct',
    fields: [
      { name: 'a', type: { kind: 'int', bits: 64 } },
      { name: 'b', type: { kind: 'string' } },
    ],
  },
];

export const jsonDestination: fc.Arbitrary<ColumnType> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...jsonDestinations) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...jsonDestinations)
      .map((element): ColumnType => ({ kind: 'array', element })),
  },
  { weight: 1, arbitrary: fc.constantFrom(...nested) },
);

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer({ min: -99_999, max: 99_999 }).map((value) => (value / 100).toFixed(2)),
  fc.constantFrom(
    '-0',
    '0',
    '1',
    '1.0',
    '-0.0',
    '1e308',
    '1e309',
    '1E+2',
    '5e-324',
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
    '123456789012345678',
    '0.1234567890123456',
    '32767',
    '32768',
    '0.10000000000000000555',
  ),
);

/** A JSON string for a text, some characters of which are written as escapes. */
export function quoted(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(text, fc.infiniteStream(fc.nat({ max: 12 }))).map(([value, choices]) => {
    let json = '"';
    for (let at = 0; at < value.length; at++) {
      const unit = value.charAt(at);
      const code = unit.charCodeAt(0);
      const choice = choices.next().value;
      const isSurrogate = code >= 0xd800 && code <= 0xdfff;
      const isPair = isSurrogate && code < 0xdc00 && /[\udc00-\udfff]/.test(value.charAt(at + 1));
      if (choice === 0 || (isSurrogate && !isPair)) {
        json += `\\u${code.toString(16).padStart(4, '0')}`;
        if (isPair) json += `\\u${value.charCodeAt(++at).toString(16).toUpperCase()}`;
      } else if (isPair) json += unit + value.charAt(++at);
      else json += unit === '/' && choice < 6 ? '\\/' : JSON.stringify(unit).slice(1, -1);
    }
    return `${json}"`;
  });
}

const instant = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());

/** JSON text that a column of the type mostly takes as it is. */
function ordinary(type: ColumnType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'bool':
      return fc.constantFrom('true', 'false');
    case 'int':
      return fc.integer({ min: -30_000, max: 30_000 }).map(String);
    case 'float':
    case 'decimal':
      return fc.integer({ min: -99_999, max: 99_999 }).map((value) => String(value / 100));
    case 'uuid':
      return quoted(fc.uuid());
    case 'date':
      return quoted(instant.map((text) => text.slice(0, 10)));
    case 'time':
      return quoted(instant.map((text) => text.slice(11, 23)));
    case 'datetime':
    case 'timestamp':
      return quoted(
        fc
          .tuple(instant, fc.constantFrom('', 'Z', '+02:00', '123Z'))
          .map(([text, zone]) => text.slice(0, -1) + zone),
      );
    case 'bytes':
      return quoted(fc.constantFrom('\\x00ff', '\\x'));
    case 'json':
      return fc.json();
    case 'array':
      return listOf(ordinary(type.element));
    case 'struct':
      return fc
        .tuple(...type.fields.map((field) => ordinary(field.type)))
        .map((values) => `{${type.fields.map(({ name }, at) => `"${name}":${values[at] ?? ''}`).join(',')}}`);
    default:
      return quoted(
        fc.string({ unit: fc.constantFrom('a', 'é', '€', '📦', '\n', '"', '/', ' '), maxLength: 6 }),
      );
  }
}

function listOf(element: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(element, { maxLength: 4 }), fc.constantFrom(',', ' , ', ',\t'))
    .map(([elements, comma]) => `[${elements.join(comma)}]`);
}

/** JSON on one line, of whatever kind. */
const anyValue = fc.oneof(
  number,
  quoted(anyText),
  quoted(number),
  jsonText.map((text) => text.replaceAll(/[\n\r]/g, ' ').trim()),
  listOf(fc.oneof(number, quoted(anyText), fc.constant('null'))),
  fc.constantFrom('null', 'true', 'false', '[]', '{}', '[[1],[2]]', '{"a":1,"b":null}', '{"a":1,"a":2}'),
);

export function jsonValue(type: ColumnType): fc.Arbitrary<string> {
  return fc.oneof({ weight: 5, arbitrary: ordinary(type) }, { weight: 1, arbitrary: anyValue });
}

export const ordinaryJson = ordinary;

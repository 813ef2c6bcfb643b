import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell } from '../../../core/cells';
import { CSV_FIELD_SHIFT } from '../../../core/csv-rows';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { csvColumn } from '../../../transforms/compiled/csv-columns';
import { oddText, TEXT_CASES, type TextCase } from './arbitrary-text';
import { CsvAvroCodecs, type CsvField, type CsvFile, type CsvTarget } from './csv-avro-codecs';
import { EDGES } from './csv-edges';

const RUNS = 200;
const MODES = ['wasm', 'generated', 'closures'] as const;
const STRING: ColumnType = { kind: 'string' };
const LONG: ColumnType = { kind: 'int', bits: 64 };
const JSON_TYPE: ColumnType = { kind: 'json' };

const CASES = TEXT_CASES.filter(
  ({ type }) => isTaken(type) && !(type.kind === 'int' && type.bits === 64 && type.unsigned === true),
);

function isTaken(destination: ColumnType): boolean {
  return csvColumn({ source: STRING, destination, rules: BIGQUERY_RULES }) !== undefined;
}

function nullable(...types: readonly ColumnType[]): CsvTarget[] {
  return types.map((type) => ({ type, nullable: true }));
}

function texts(...all: readonly string[]): CsvField[] {
  return all.map((text) => ({ text }));
}

function field({ plain }: TextCase): fc.Arbitrary<CsvField> {
  const text = fc.oneof(
    { weight: 40, arbitrary: plain },
    { weight: 1, arbitrary: oddText },
    { weight: 2, arbitrary: fc.constant('') },
  );
  const quoted = fc.record({ text, quoted: fc.boolean() });
  return fc.oneof(
    { weight: 40, arbitrary: quoted },
    { weight: 1, arbitrary: text.map((own) => ({ text: own, escaped: true })) },
  );
}

interface Table {
  readonly targets: readonly CsvTarget[];
  readonly file: CsvFile;
  readonly keys: readonly number[];
  readonly records: readonly (readonly CsvField[])[];
}

const table: fc.Arbitrary<Table> = fc
  .array(fc.record({ each: fc.constantFrom(...CASES), nullable: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  })
  .chain((columns) =>
    fc
      .shuffledSubarray([...columns.keys(), -1], { minLength: columns.length > 2 ? columns.length - 1 : 1 })
      .chain((order) =>
        fc.record({
          targets: fc.constant(columns.map(({ each: { type }, ...rest }) => ({ type, ...rest }))),
          keys: fc.constantFrom([], [], [], [0]),
          file: fc.record({
            order: fc.constant(order),
            gap: fc.constantFrom(0, 0, 3),
            options: fc.record({
              quote: fc.constantFrom('"', '"', '"', "'", '', '1'),
              quoted_nulls: fc.constantFrom(false, false, true),
              null_marker: fc.constantFrom('', '', '', '', '', 'NULL'),
            }),
          }),
          records: fc.array(
            fc
              .tuple(
                fc.tuple(
                  ...order
                    .map((column) => columns[column]?.each ?? { type: STRING, plain: oddText })
                    .map(field),
                ),
                fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
              )
              .map(([fields, cut]) => fields.slice(0, fields.length - cut)),
            { minLength: 1, maxLength: 12 },
          ),
        }),
      ),
  );

describe('compiled: rows of CSV to Avro, many at once', () => {
  it('are what the reference writes, whatever is in them and between them', () => {
    let atOnce = 0;
    let left = 0;
    fc.assert(
      fc.property(table, ({ targets, file, keys, records }) => {
        const codecs = new CsvAvroCodecs(targets, file, keys);
        const rows = codecs.rowsOf(records);
        const codec = codecs.open('wasm').add(rows);
        const written = codecs.reference(rows).filter((_, index) => !codec.left.includes(index));
        assert.ok(
          written.every((row) => row !== undefined),
          'a row that the reference refuses',
        );
        assert.deepEqual(codec.end().content, Buffer.concat(written));
        if (file.options?.null_marker === 'NULL') assert.deepEqual(codec.atOnce, []);
        atOnce += codec.atOnce.length;
        left += codec.left.length;
      }),
      { numRuns: RUNS },
    );
    assert.ok(atOnce > RUNS / 2 && left > RUNS / 2, `${atOnce} at once, ${left} left`);
  });

  it('are all that the writers take, but for long numbers and texts that have a limit', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...CASES).chain((each) => fc.tuple(fc.constant(each), each.plain)),
        ([{ type }, text]) => {
          const codecs = new CsvAvroCodecs([{ type, nullable: true }]);
          const rows = codecs.rowsOf([[{ text, quoted: true }]]);
          const [wasm, closures] = (['wasm', 'closures'] as const).map((mode) => codecs.open(mode).add(rows));
          assert.ok(wasm !== undefined && closures !== undefined);
          assert.deepEqual(closures.atOnce, []);
          if (wasm.atOnce.length > 0) {
            taken++;
            return;
          }
          const mayBeLeft =
            (type.kind === 'string' && type.maxLength !== undefined) ||
            type.kind === 'float' ||
            (type.kind === 'decimal' && (type.precision ?? 0) > 17);
          assert.ok(closures.left.length === 1 || mayBeLeft, `${type.kind}: ${text}`);
        },
      ),
      { numRuns: RUNS },
    );
    assert.ok(taken > RUNS / 2, `${taken} taken`);
  });

  for (const { type, taken, left } of EDGES) {
    it(`take the right values: ${JSON.stringify(type)}`, () => {
      const codecs = new CsvAvroCodecs([{ type, nullable: false }]);
      for (const quoted of [false, true]) {
        // Where it is not quoted, it would be null.
        const [all, most] = [[...taken, ...left], taken].map((list) =>
          list.filter((text) => quoted || text !== ''),
        );
        assert.ok(all !== undefined && most !== undefined);
        const rows = codecs.rowsOf(all.map((text) => [{ text, quoted }]));
        const codec = codecs.open('wasm').add(rows);
        const atOnce = codec.atOnce.map((row) => all[row]);
        assert.deepEqual(atOnce, most);
        const written = codecs.reference(rows).filter((_, index) => !codec.left.includes(index));
        assert.deepEqual(codec.end().content, Buffer.concat(written as Buffer[]));
      }
    });
  }

  it('take no text in which any byte is another', () => {
    const others = Buffer.from('\u0000\u000e\u0010\u0011\u0019 "+-./0159:@AFGTZ[\\]`abefgtuz{|}\u007f');
    for (const { type, taken } of EDGES) {
      const codecs = new CsvAvroCodecs([{ type, nullable: false }]);
      const samples = taken.filter((text, index) => text.length < 40 && index % 2 === 0);
      const changed = [...new Set(samples.flatMap((text) => changesOf(text, others)))].filter(
        (text) => text !== '',
      );
      const rows = codecs.rowsOf(changed.map((text) => [{ text }]));
      const codec = codecs.open('wasm').add(rows);
      const left = new Set(codec.left);
      const written = codecs.reference(rows).filter((row, index) => {
        assert.ok(row !== undefined || left.has(index), `${type.kind}: ${changed[index]}`);
        return !left.has(index);
      });
      assert.ok(codec.end().content.equals(Buffer.concat(written as Buffer[])), type.kind);
    }
  });

  it('have each text without the doubles of its quotes', () => {
    const pieces = [
      'a',
      '"',
      '""',
      'xy"z',
      'x'.repeat(13),
      'x'.repeat(14),
      'x'.repeat(15),
      'x'.repeat(16),
      'é"é',
    ];
    const inner = pieces.flatMap((one) => pieces.flatMap((two) => pieces.map((three) => one + two + three)));
    const lengths = [31, 32, 63, 64, 65, 127, 4095, 4096, 8190, 8191, 8192, 8193];
    const all = [
      ...inner,
      ...lengths.flatMap((n) => ['"'.repeat(n), `${'x'.repeat(n - 1)}"`, `"${'x'.repeat(n)}`]),
    ];
    const codecs = new CsvAvroCodecs([
      { type: STRING, nullable: true },
      { type: { kind: 'string', maxLength: 30 }, nullable: true },
      { type: JSON_TYPE, nullable: true },
    ]);
    const rows = codecs.rowsOf(
      all.map((text) => [
        { text, quoted: true },
        { text: text.slice(0, 20), quoted: true },
        { text: JSON.stringify({ [text]: [text, 1] }), quoted: true },
      ]),
    );
    const codec = codecs.open('wasm').add(rows);
    assert.deepEqual(codec.left, []);
    assert.ok(codec.atOnce.length > all.length - 20, `${codec.atOnce.length} at once`);
    assert.ok(codec.end().content.equals(Buffer.concat(codecs.reference(rows) as Buffer[])));
  });

  it('are left out where quotes are doubled in other values, and where a text has escapes', () => {
    const codecs = new CsvAvroCodecs(nullable(LONG, STRING), { options: { quote: '1' } });
    const rows = codecs.rowsOf([
      [
        { text: '2', quoted: true },
        { text: '1', quoted: true },
      ],
      [
        { text: '12', quoted: true },
        { text: '1', quoted: true },
      ],
      [{ text: '2' }, { text: 'a', escaped: true }],
    ]);
    const codec = codecs.open('wasm').add(rows);
    assert.deepEqual(codec.atOnce, [0]);
  });

  it('are blocks of the same rows and bytes in every mode, with rows of every length', () => {
    const size = fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 300 }) },
      { weight: 4, arbitrary: fc.nat({ max: 30_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 65_400, max: 65_700 }) },
      { weight: 1, arbitrary: fc.constantFrom(511, 512, 513, 140_000, 300_000) },
    );
    const row = fc.tuple(
      fc.integer().map(String),
      size,
      fc.constantFrom('', '{"a": "b"}', '[1e400]'),
      fc.boolean(),
    );
    let atOnce = 0;
    let blocks = 0;
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60, size: 'max' }), fc.constantFrom(0, 5), (sizes, gap) => {
        const codecs = new CsvAvroCodecs(nullable(LONG, STRING, JSON_TYPE), { order: [1, -1, 2, 0], gap });
        const rows = codecs.rowsOf(
          sizes.map(([id, length, json, quoted]) => [
            { text: quoted ? `${'x'.repeat(length)}"` : 'x'.repeat(length), quoted },
            { text: 'of nobody' },
            { text: json, quoted: json !== '' },
            { text: id },
          ]),
        );
        const [wasm, ...others] = MODES.map((mode) => {
          const codec = codecs.open(mode).add(rows);
          return { ...codec.end(), left: codec.left, atOnce: codec.atOnce.length };
        });
        assert.ok(wasm !== undefined);
        for (const other of others) {
          assert.deepEqual(wasm.left, other.left);
          assert.equal(wasm.blocks.length, other.blocks.length);
          assert.ok(wasm.blocks.every((block, index) => other.blocks[index]?.equals(block)));
        }
        atOnce += wasm.atOnce;
        blocks += wasm.blocks.length;
      }),
      { numRuns: 30, endOnFailure: true },
    );
    assert.ok(atOnce > 200 && blocks > 20, `${atOnce} rows at once, ${blocks} blocks`);
  });

  it('are written in few calls, whatever block they go to', () => {
    const codecs = new CsvAvroCodecs(nullable(LONG, STRING));
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    const rows = codecs.rowsOf(numbers.map((id) => texts(String(id), `${'x'.repeat(id % 90)}é`)));
    const codec = codecs.open('wasm').add(rows);
    assert.deepEqual({ atOnce: codec.atOnce.length, left: codec.left }, { atOnce: 20_000, left: [] });
    assert.ok(codec.calls <= 6, `${codec.calls} calls`);
    assert.ok(codec.end().content.equals(codecs.open('closures').add(rows).end().content));
  });

  it('may be thousands of nulls that have no bytes', () => {
    const many = Array.from({ length: 1_600 }, () => LONG);
    const codecs = new CsvAvroCodecs(nullable(...many));
    const rows = codecs.rowsOf(Array.from({ length: 200 }, (_, id) => texts(String(id % 10))));
    const codec = codecs.open('wasm').add(rows);
    assert.equal(codec.atOnce.length, 200);
    assert.ok(codec.end().content.equals(codecs.open('closures').add(rows).end().content));
    const wider = new CsvAvroCodecs(nullable(...many, LONG));
    assert.deepEqual(wider.open('wasm').add(wider.rowsOf([texts('1')])).atOnce, []);
  });

  it('may have more bytes than the file, up to the room that there is', () => {
    const type: ColumnType = { kind: 'float', bits: 64 };
    const codecs = new CsvAvroCodecs(nullable(...Array.from({ length: 8 }, () => type)));
    const rows = codecs.rowsOf(
      Array.from({ length: 9_000 }, () => texts('1', '2', '3', '4', '5', '6', '7', '8')),
    );
    const codec = codecs.open('wasm').add(rows);
    assert.equal(codec.atOnce.length, 9_000);
    assert.ok(codec.end().content.equals(codecs.open('closures').add(rows).end().content));
    // A text that goes beyond the room, behind nulls that have no bytes.
    const wide = new CsvAvroCodecs(nullable(...Array.from({ length: 1_599 }, () => LONG), STRING), {
      order: [1_599],
    });
    const texted = wide.rowsOf(Array.from({ length: 130 }, () => texts('x'.repeat(500))));
    const many = wide.open('wasm').add(texted);
    assert.equal(many.atOnce.length, 130);
    assert.ok(many.end().content.equals(wide.open('closures').add(texted).end().content));
  });

  it('are left out where a record has more fields than there is room for', () => {
    const order = Array.from({ length: 16_385 }, (_, index) => (index === 16_383 ? 0 : -1));
    const record = order.map(() => ({ text: '1' }));
    const codecs = new CsvAvroCodecs(nullable(LONG), { order });
    assert.equal(codecs.open('wasm').add(codecs.rowsOf([record, record])).atOnce.length, 2);
    const beyond = new CsvAvroCodecs(nullable(LONG), { order: [-1, ...order] });
    assert.deepEqual(beyond.open('wasm').add(beyond.rowsOf([record])).atOnce, []);
  });

  it('are at hand while they are counted', () => {
    const codecs = new CsvAvroCodecs(nullable(STRING, LONG));
    const cells: Cell[] = [];
    const rows = codecs.rowsOf([texts('a', '1'), texts('b', 'x'), texts('c', '3'), texts('d', '4')]);
    const codec = codecs.open('wasm').add(rows, (cell) => cells.push(cell));
    assert.deepEqual(cells, ['a', 'c', 'd']);
    assert.deepEqual(codec.atOnce, [0, 2, 3]);
  });

  it('are left out where they are longer than allowed', () => {
    const codecs = new CsvAvroCodecs(nullable(STRING));
    const rows = codecs.rowsOf([10, 1000, 990, 991, 5000, 20].map((length) => texts('x'.repeat(length))));
    for (const mode of MODES) {
      const codec = codecs.open(mode, 993).add(rows);
      assert.deepEqual(codec.left, [1, 3, 4]);
      assert.deepEqual(codec.atOnce, mode === 'wasm' ? [0, 2, 5] : []);
    }
  });

  it('are those of their own plan, of several that take turns', () => {
    const plans: [targets: CsvTarget[], file: CsvFile][] = [
      [nullable(LONG, STRING), {}],
      [nullable(STRING), {}],
      [nullable(LONG, STRING), { order: [1, 0] }],
      [nullable(STRING), { options: { quote: "'" } }],
    ];
    const records = [
      [{ text: '1' }, { text: '22"\'', quoted: true }],
      [{ text: '' }, { text: '4' }],
      [{ text: '5"\'', quoted: true }, { text: '' }],
    ];
    for (const mode of MODES) {
      const all = plans.map(([targets, file]) => {
        const codecs = new CsvAvroCodecs(targets, file);
        return { codecs, codec: codecs.open(mode) };
      });
      const rounds = [0, 1, 2].map((turn) => [...records.slice(turn), ...records.slice(0, turn)]);
      for (const round of rounds) for (const { codecs, codec } of all) codec.add(codecs.rowsOf(round));
      for (const { codecs, codec } of all) {
        const expected = rounds.flatMap((round) => codecs.reference(codecs.rowsOf(round)));
        const written = expected.filter((row) => row !== undefined);
        assert.equal(codec.atOnce.length, mode === 'wasm' ? written.length : 0);
        assert.deepEqual(codec.end().content, Buffer.concat(written));
      }
    }
  });

  it('go on where they were when others have been written between', () => {
    const codecs = new CsvAvroCodecs(nullable(LONG, STRING));
    const [one, other] = [codecs.open('wasm'), codecs.open('wasm')];
    const records = codecs.rowsOf(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((text, id) => texts(String(id), text.repeat(60_000))),
    );
    one.begin(records);
    assert.equal(one.goOn(6), 5);
    other.begin(codecs.rowsOf([texts('6', ''), texts('7', 'x')]));
    assert.equal(other.goOn(2), 2);
    one.take();
    assert.equal(one.goOn(1), 1);
    assert.ok(one.end().content.equals(Buffer.concat(codecs.reference(records) as Buffer[])));
  });

  it('are left out from the first one on whose places are wrong', () => {
    const codecs = new CsvAvroCodecs(nullable(STRING, STRING));
    const rows = codecs.rowsOf([texts('a', 'b'), texts('c', 'd'), texts('e', 'f')]);
    const end = rows.bytes.length;
    const takes = (field: number, start: number, length: number): number => {
      const fields = Int32Array.from(rows.fields);
      fields.set([start, length << CSV_FIELD_SHIFT], 2 * field);
      const codec = codecs.open('wasm');
      codec.begin({ ...rows, fields });
      return codec.goOn(3);
    };
    assert.equal(takes(5, end - 1, 1), 3);
    assert.equal(takes(5, end, 1), 2);
    assert.equal(takes(5, end - 1, 2), 2);
    assert.equal(takes(5, -1, 1), 2);
    assert.equal(takes(5, 2 ** 31 - 1, 1), 2);
    assert.equal(takes(3, 0, -1), 1);
    assert.equal(takes(3, 1, 2 ** 27 - 1), 1);
    const codec = codecs.open('wasm');
    codec.begin({ ...rows, bases: [4, 0, 8] });
    assert.equal(codec.goOn(3), 3);
  });

  it('need columns and nulls that are known', () => {
    const record = texts('1', '2');
    const takes = (types: readonly ColumnType[], file: CsvFile = {}): boolean => {
      const codecs = new CsvAvroCodecs(nullable(...types), file);
      return codecs.open('wasm').add(codecs.rowsOf([record])).atOnce.length === 1;
    };
    assert.ok(takes([STRING, LONG]));
    assert.ok(takes([STRING, LONG], { options: { quoted_nulls: true } }));
    assert.ok(!takes([STRING, LONG], { options: { null_marker: 'NULL' } }));
    assert.ok(!takes([STRING, LONG], { options: { null_marker: ['', 'NULL'] } }));
    assert.ok(!takes([STRING, { kind: 'string', values: ['2'] }]));
    assert.ok(!takes([STRING, { kind: 'decimal', precision: 38, scale: 19 }]));
    const types = { source: STRING, destination: STRING };
    assert.equal(csvColumn({ ...types, rules: { ...BIGQUERY_RULES, nulCharacter: false } }), undefined);
    const document = { source: STRING, destination: JSON_TYPE };
    assert.equal(csvColumn({ ...document, rules: { ...BIGQUERY_RULES, nullDocument: false } }), undefined);
    assert.equal(csvColumn({ ...document, rules: BIGQUERY_RULES })?.kind, 'document');
    assert.equal(csvColumn({ ...document, rules: DUCKDB_RULES }), undefined);
  });
});

/** The text with each of its bytes as another, without it, and with another in front of it; texts that are UTF-8 alone. */
function changesOf(text: string, others: Uint8Array): string[] {
  const bytes = Buffer.from(text);
  if (bytes.length !== text.length) return [];
  return Array.from({ length: bytes.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]).flatMap(
    ([before = '', behind = '']) => [
      before + behind.slice(1),
      ...Array.from(others, (other) => before + String.fromCharCode(other) + behind.slice(1)),
      ...['0', ' ', '-'].map((other) => before + other + behind),
    ],
  );
}

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ArrowData } from '../../../core/arrow-buffers';
import { LossLedger } from '../../../core/loss-ledger';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { arrowColumn } from '../../../transforms/compiled/arrow-columns';
import { arrowCase, BROKEN_TEXTS, type Stored } from './arbitrary-arrow';
import { ArrowAvroCodecs, plannedArrow, sourceOf, summed, type PlannedArrow } from './arrow-avro-codecs';

const known = plannedArrow(arrowCase).filter(
  (planned) =>
    arrowColumn(planned.column.layout, {
      source: sourceOf(planned),
      destination: planned.to.type,
      rules: BIGQUERY_RULES,
    }) !== undefined,
);

const MODES = ['wasm', 'generated', 'closures'] as const;
const STRING: ColumnType = { kind: 'string' };
const TEXT: PlannedArrow = {
  column: { layout: { kind: 'text', offsets: 32, json: false }, value: fc.constant(Buffer.alloc(0)) },
  to: { name: 'c', type: STRING, nullable: true },
};
const LONG: PlannedArrow = {
  column: { layout: { kind: 'int', bits: 64, unsigned: false }, value: fc.constant(0n) },
  to: { name: 'c', type: { kind: 'int', bits: 64 }, nullable: true },
};
const TAGS: PlannedArrow = {
  column: {
    layout: { kind: 'list', offsets: 32, size: 0, element: TEXT.column.layout },
    value: fc.constant([]),
  },
  to: { name: 'c', type: { kind: 'array', element: STRING }, nullable: true },
};

/** Values of each column, as many of each. */
function columnsOf(plan: readonly PlannedArrow[], rows: fc.Arbitrary<number>): fc.Arbitrary<Stored[][]> {
  return rows.chain((count) =>
    fc.tuple(
      ...plan.map(({ column }) =>
        fc.array(fc.option<Stored>(column.value, { freq: 12 }), { minLength: count, maxLength: count }),
      ),
    ),
  );
}

describe('compiled: rows of Arrow to Avro, many at once', () => {
  it('are what the reference writes, whatever is in them and between them', () => {
    let atOnce = 0;
    let left = 0;
    fc.assert(
      fc.property(
        fc
          .array(known, { minLength: 1, maxLength: 6 })
          .chain((plan) => fc.tuple(fc.constant(plan), columnsOf(plan, fc.integer({ min: 1, max: 12 })))),
        fc.nat({ max: 3 }),
        ([plan, columns], before) => {
          const codecs = new ArrowAvroCodecs(plan);
          const rows = codecs.reference(columns);
          const start = Math.min(before, rows.length - 1);
          const codec = codecs.open('wasm');
          codec.add(codecs.dataOf(columns), start);
          const written = rows.slice(start).filter((_, index) => !codec.left.includes(index));
          const expected = new LossLedger();
          for (const row of written) {
            assert.ok(row !== undefined, 'a row that the reference refuses');
            for (const loss of row.losses) {
              const [column = '', rule = ''] = loss.split(' ');
              expected.add(column, rule as Parameters<LossLedger['add']>[1]);
            }
          }
          const { content } = codec.end();
          assert.deepEqual(content, Buffer.concat(written.map((row) => row?.bytes ?? Buffer.alloc(0))));
          assert.deepEqual(summed(codec.ledger), summed(expected));
          atOnce += codec.atOnce;
          left += codec.left.length;
        },
      ),
      { numRuns: 800 },
    );
    assert.ok(atOnce > 700 && left > 300, `${atOnce} at once, ${left} left`);
  });

  it('are all that the writers take, but for some texts, NaN and what has more than 64 bits', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        known.chain((planned) => fc.tuple(fc.constant(planned), planned.column.value)),
        ([planned, value]) => {
          const codecs = new ArrowAvroCodecs([planned]);
          const data = codecs.dataOf([[value]]);
          const [wasm, closures] = (['wasm', 'closures'] as const).map((mode) => {
            const codec = codecs.open(mode);
            codec.add(data);
            return codec;
          });
          assert.ok(wasm !== undefined && closures !== undefined);
          assert.equal(closures.atOnce, 0);
          if (wasm.atOnce === 1) {
            taken++;
            // Decimals and instants may have more digits here.
            if (closures.left.length === 0) assert.deepEqual(wasm.end(), closures.end());
            return;
          }
          const type = planned.to.type.kind === 'array' ? planned.to.type.element : planned.to.type;
          const mayBeLeft =
            (type.kind === 'string' && type.maxLength !== undefined) ||
            type.kind === 'float' ||
            type.kind === 'decimal';
          assert.ok(
            closures.left.length === 1 || mayBeLeft,
            `${JSON.stringify(planned.column.layout)} to ${type.kind}: ${String(value)}`,
          );
        },
      ),
      { numRuns: 1200 },
    );
    assert.ok(taken > 450, `${taken} taken`);
  });

  it('are blocks of the same rows and bytes in every mode, with rows of every length', () => {
    const size = fc.oneof(
      fc.nat({ max: 300 }),
      fc.nat({ max: 30_000 }),
      fc.constantFrom(511, 512, 513, 140_000, 300_000, 589_000, 590_000, 700_000),
    );
    const codecs = new ArrowAvroCodecs([LONG, TEXT, TAGS]);
    const row = fc.tuple(fc.integer().map(BigInt), size, fc.nat({ max: 9 }));
    let atOnce = 0;
    let blocks = 0;
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60, size: 'max' }), (sizes) => {
        const data = codecs.dataOf([
          sizes.map(([id]) => id),
          sizes.map(([, length]) => (length === 511 ? null : Buffer.alloc(length, 'text'))),
          sizes.map(([, , tags]) => Array.from({ length: tags }, (_, tag) => Buffer.from(`tag ${tag}`))),
        ]);
        const [wasm, ...others] = MODES.map((mode) => {
          const codec = codecs.open(mode);
          codec.add(data);
          return { ...codec.end(), left: codec.left, atOnce: codec.atOnce };
        });
        assert.ok(wasm !== undefined);
        for (const other of others) {
          assert.deepEqual(wasm.blocks, other.blocks);
          assert.deepEqual(wasm.left, other.left);
        }
        atOnce += wasm.atOnce;
        blocks += wasm.blocks.length;
      }),
      { numRuns: 40 },
    );
    assert.ok(atOnce > 500 && blocks > 75, `${atOnce} rows at once, ${blocks} blocks`);
  });

  it('are written in few calls, whatever block they go to', () => {
    const codecs = new ArrowAvroCodecs([LONG, TEXT]);
    const rows = Array.from({ length: 20_000 }, (_, index) => index);
    const codec = codecs.open('wasm');
    codec.add(
      codecs.dataOf([rows.map(BigInt), rows.map((index) => Buffer.from(`${'x'.repeat(index % 90)}é`))]),
    );
    assert.deepEqual({ atOnce: codec.atOnce, left: codec.left }, { atOnce: 20_000, left: [] });
    assert.ok(codec.calls <= 8, `${codec.calls} calls`);
  });

  it('are at hand while they are counted', () => {
    const codecs = new ArrowAvroCodecs([LONG, TEXT]);
    const codec = codecs.open('wasm');
    const cells: unknown[] = [];
    const texts = ['a', 'b', 'c', 'd'].map((text) => Buffer.from(text));
    codec.add(codecs.dataOf([[1n, 2n, null, 4n], texts]), 1, (cell) => cells.push(cell));
    assert.deepEqual(cells, [2n, null, 4n]);
    assert.equal(codec.atOnce, 3);
  });

  it('are left out where they are longer than allowed, and what they lose is not counted', () => {
    const codecs = new ArrowAvroCodecs([TAGS, TEXT]);
    const lengths = [10, 1000, 989, 990, 5000, 20];
    const data = codecs.dataOf([lengths.map(() => null), lengths.map((length) => Buffer.alloc(length, 'x'))]);
    for (const mode of MODES) {
      const codec = codecs.open(mode, 993);
      codec.add(data);
      codec.end();
      assert.deepEqual(codec.left, [1, 3, 4]);
      assert.deepEqual(summed(codec.ledger), ['c0 null_array 3']);
    }
  });

  it('are those of their own plan, of several that take turns', () => {
    const plans = [[LONG, TEXT], [TEXT], [TAGS, LONG]];
    const values = new Map<PlannedArrow, Stored[]>([
      [LONG, [1n, null, 3n]],
      [TEXT, [Buffer.from('ä'), Buffer.from('b'), null]],
      [TAGS, [[Buffer.from('t')], [], [Buffer.from('u'), Buffer.from('v')]]],
    ]);
    for (const mode of MODES) {
      const all = plans.map((plan) => {
        const codecs = new ArrowAvroCodecs(plan);
        return { codecs, codec: codecs.open(mode), columns: plan.map((one) => values.get(one) ?? []) };
      });
      for (const order of [0, 1, 2]) {
        const turned = (column: readonly Stored[]): Stored[] => [
          ...column.slice(order),
          ...column.slice(0, order),
        ];
        for (const { codecs, codec, columns } of all) codec.add(codecs.dataOf(columns.map(turned)));
      }
      for (const { codecs, codec, columns } of all) {
        assert.equal(codec.atOnce, mode === 'wasm' ? 9 : 0);
        const [a, b, c] = codecs.reference(columns).map((row) => row?.bytes ?? Buffer.alloc(0));
        assert.ok(a !== undefined && b !== undefined && c !== undefined);
        assert.deepEqual(codec.end().content, Buffer.concat([a, b, c, b, c, a, c, a, b]));
      }
    }
  });

  it('are left out where a text is no UTF-8, or is cut within a character', () => {
    const planned = { column: BROKEN_TEXTS, to: TEXT.to };
    let atOnce = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(BROKEN_TEXTS.value, fc.constant(Buffer.from('é'))), { minLength: 1, maxLength: 6 }),
        (texts) => {
          const codecs = new ArrowAvroCodecs([planned]);
          const codec = codecs.open('wasm');
          codec.add(codecs.dataOf([texts]));
          const rows = codecs.reference([texts]).filter((_, index) => !codec.left.includes(index));
          assert.deepEqual(
            codec.end().content,
            Buffer.concat(
              rows.map((row) => {
                assert.ok(row !== undefined);
                return row.bytes;
              }),
            ),
          );
          atOnce += codec.atOnce;
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(atOnce > 50, `${atOnce} at once`);
  });

  it('are left out where a text of a later batch is no UTF-8', () => {
    const codecs = new ArrowAvroCodecs([TEXT]);
    const codec = codecs.open('wasm');
    assert.equal(codec.takes(codecs.dataOf([[Buffer.from('ä')]])), 1);
    assert.equal(codec.takes(codecs.dataOf([[Buffer.of(0xff)]])), 0);
    assert.equal(codec.takes(codecs.dataOf([[Buffer.from('ö')]])), 1);
  });

  it('do not end with what was behind others before', () => {
    const codecs = new ArrowAvroCodecs([TEXT]);
    const codec = codecs.open('wasm');
    const text = 'text';
    for (let length = 1; length <= text.length; length++) {
      assert.equal(codec.takes(codecs.dataOf([[Buffer.from('é'.repeat(500))]])), 1);
      const [data] = codecs.dataOf([[Buffer.from(text.slice(0, length))]]);
      assert.ok(data !== undefined);
      const values = (data.values as Uint8Array).subarray(0, 5 + length);
      assert.equal(codec.takes([{ ...data, values }]), 1);
    }
  });

  it('are left out where a number is none, whose bits may be any', () => {
    const column = { layout: { kind: 'float', bits: 64 }, value: fc.constant(0) } as const;
    const codecs = new ArrowAvroCodecs([
      { column, to: { name: 'c', type: { kind: 'float', bits: 64 }, nullable: true } },
    ]);
    const [data] = codecs.dataOf([[1, 2, 3]]);
    assert.ok(data !== undefined);
    const values = Buffer.from(data.values as Uint8Array);
    values.writeBigUInt64LE(0x7ff0_0000_0000_0001n, 8);
    assert.equal(codecs.open('wasm').takes([{ ...data, values }]), 1);
  });

  it('are as many as there is room for what they become', () => {
    const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const count = 5_000;
    const uuids = Array.from({ length: count }, () => uuid);
    const lists = uuids.map((_, index) => Array.from({ length: index % 20 }, () => uuid));
    const wide = Array.from({ length: 12 }, () => UUID);
    for (const [plan, columns] of [
      [wide, wide.map(() => uuids)],
      [[listOf(UUID)], [lists]],
      [[listOf(TEXT)], [lists.map((list) => list.map(() => Buffer.from('short text')))]],
    ] as const) {
      const codecs = new ArrowAvroCodecs(plan);
      const data = codecs.dataOf(columns);
      const [wasm, closures] = (['wasm', 'closures'] as const).map((mode) => {
        const codec = codecs.open(mode);
        codec.add(data);
        return { atOnce: codec.atOnce, ...codec.end() };
      });
      assert.equal(wasm?.atOnce, count);
      assert.ok(closures !== undefined && wasm.content.equals(closures.content));
    }
  });

  it('go on where they were when others have been written between', () => {
    const codecs = new ArrowAvroCodecs([LONG, TEXT]);
    const one = codecs.open('wasm');
    const other = codecs.open('wasm');
    const columns = [
      [1n, 2n, 3n, 4n, 5n],
      ['a', 'b', 'c', 'd', 'e'].map((text) => Buffer.alloc(90_000, text)),
    ];
    assert.equal(one.begin(codecs.dataOf(columns)), 5);
    assert.equal(one.goOn(5), 3);
    assert.equal(
      other.takes(codecs.dataOf([[6n, 7n, 8n, 9n, 10n], Array.from({ length: 5 }, () => null)])),
      5,
    );
    one.take();
    assert.equal(one.goOn(2), 2);
    const expected = codecs.reference(columns).map((row) => row?.bytes ?? Buffer.alloc(0));
    assert.deepEqual(one.end().content, Buffer.concat(expected));
  });

  it('are left out from the first one on whose buffers contradict each other', () => {
    const texts = ['one', 'two', 'three'].map((text) => Buffer.from(text));
    const codecs = new ArrowAvroCodecs([TEXT, TAGS, listOf(LONG), LONG]);
    const numbers = [1n, 2n, 3n];
    const whole = codecs.dataOf([texts, texts.map((text) => [text]), numbers.map((one) => [one]), numbers]);
    const nulls = codecs.dataOf([
      [null, ...texts.slice(1)],
      [null, ...texts.slice(1).map((text) => [text])],
      [null, [2n], [3n]],
      numbers,
    ]);
    type Change = (data: ArrowData) => ArrowData;
    const takes = (of: readonly ArrowData[], column: number, change: Change): number =>
      codecs.open('wasm').takes(of.map((data, index) => (index === column ? change(data) : data)));
    const cases: [what: string, of: readonly ArrowData[], column: number, change: Change, taken: number][] = [
      ['nothing', whole, 0, (data) => data, 3],
      ['places that go back', whole, 0, placed([5, 11, 8, 16]), 1],
      ['places beyond the last', whole, 0, placed([5, 2 ** 31 - 1, 11, 16]), 0],
      ['places before the first', nulls, 0, placed([5, 3, 11, 13]), 1],
      ['places before all', whole, 0, placed([-3, 8, 11, 16]), 0],
      ['more places than values', whole, 0, placed([5, 8, 11, 1000]), 0],
      ['fewer places', whole, 0, placed([5, 8, 11]), 0],
      ['too few bits', whole, 0, (data) => ({ ...data, nullCount: 1, nullBitmap: new Uint8Array(0) }), 0],
      ['lists that go back', whole, 1, placed([5, 7, 6, 8]), 1],
      ['lists beyond the last', whole, 2, placed([5, 10, 7, 8]), 0],
      ['lists before the first', nulls, 2, (data) => withoutNulls(placed([5, 3, 6, 7])(data)), 1],
      ['lists of values that there are not', whole, 1, placed([5, 6, 7, 100]), 0],
      ['lists without values', whole, 1, (data) => ({ ...data, children: [] }), 0],
      ['too few values', whole, 3, shortened, 0],
    ];
    for (const [what, of, column, change, taken] of cases)
      assert.equal(takes(of, column, change), taken, what);
  });
});

const UUID: PlannedArrow = {
  column: { layout: { kind: 'uuid' }, value: fc.constant(Buffer.alloc(0)) },
  to: { name: 'c', type: STRING, nullable: true },
};

function listOf({ column, to }: PlannedArrow): PlannedArrow {
  return {
    column: {
      layout: { kind: 'list', offsets: 32, size: 0, element: column.layout },
      value: fc.constant([]),
    },
    to: { name: 'c', type: { kind: 'array', element: to.type }, nullable: true },
  };
}

/** None of its elements is null. */
function withoutNulls(data: ArrowData): ArrowData {
  return { ...data, children: data.children.map((child) => ({ ...child, nullCount: 0 })) };
}

function shortened(data: ArrowData): ArrowData {
  const values = data.values as Uint8Array;
  return { ...data, values: values.subarray(0, values.length - 1) };
}

function placed(places: readonly number[]): (data: ArrowData) => ArrowData {
  return (data) => ({ ...data, valueOffsets: Int32Array.from(places) });
}

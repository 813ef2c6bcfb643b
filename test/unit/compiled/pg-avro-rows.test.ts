import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { wireColumn } from '../../../transforms/compiled/pg-columns';
import { array, int64 } from '../postgres/copy-binary-writer';
import {
  PgAvroCodecs,
  planOf,
  plannedColumn,
  rowOf,
  type PgRow,
  type PlannedPgColumn,
} from './pg-avro-codecs';

const known = plannedColumn.filter(
  ({ column, type }) =>
    wireColumn(column.field.form, { source: column.type, destination: type, rules: BIGQUERY_RULES }) !==
    undefined,
);

const plans: fc.Arbitrary<readonly PlannedPgColumn[]> = fc
  .array(known, { minLength: 1, maxLength: 8 })
  .map((chosen) =>
    chosen.map(({ column, type, nullable, isKey }, index) => ({
      column,
      isKey,
      to: { name: `c${index}`, type, nullable },
    })),
  );

const MODES = ['wasm', 'generated', 'closures'] as const;
const LONG: ColumnType = { kind: 'int', bits: 64 };

describe('compiled: rows of PostgreSQL binary to Avro, many at once', () => {
  it('are what the reference writes, whatever is in them and between them', () => {
    let atOnce = 0;
    let left = 0;
    let oneByOne = 0;
    fc.assert(
      fc.property(
        plans.chain((plan) =>
          fc.tuple(fc.constant(plan), fc.array(rowOf(plan, 12), { minLength: 1, maxLength: 12 })),
        ),
        fc.constantFrom(0, 5),
        ([plan, rows], gap) => {
          const codecs = new PgAvroCodecs(plan);
          const batch = codecs.batch(rows, 'wasm', { gap });
          const expected: Buffer[] = [];
          const losses: string[] = [];
          for (const [index, row] of rows.entries()) {
            if (batch.left.includes(index)) continue;
            const reference = codecs.reference(row);
            assert.ok(reference !== undefined, 'a row that the reference refuses');
            expected.push(reference);
            losses.push(...codecs.losses);
          }
          assert.deepEqual(contentOf(batch.blocks), Buffer.concat(expected));
          assert.deepEqual(summed(batch.losses), summed(losses));
          atOnce += batch.atOnce;
          left += batch.left.length;
          oneByOne += rows.length - batch.left.length - batch.atOnce;
        },
      ),
      { numRuns: 1500 },
    );
    assert.ok(atOnce > 1500 && left > 300, `${atOnce} at once, ${oneByOne} one by one, ${left} left`);
  });

  it('are all that the writers take, but for some texts, numbers and NaN', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        known.chain(({ column, type, nullable }) => {
          const plan = [{ column, to: { name: 'c', type, nullable }, isKey: false }];
          return fc.tuple(fc.constant(plan), rowOf(plan, 20));
        }),
        ([plan, row]) => {
          const codecs = new PgAvroCodecs(plan);
          const written = codecs.compiled(row, 'closures');
          const { blocks, atOnce } = codecs.batch([row], 'wasm');
          if (atOnce === 1) {
            taken++;
            // Decimals may have more digits here.
            if (written !== undefined) assert.deepEqual(contentOf(blocks), written);
            return;
          }
          const [value] = row;
          const [{ to, column } = { to: { type: LONG }, column: undefined }] = plan;
          const type = to.type.kind === 'array' ? to.type.element : to.type;
          const mayBeLeft = (type.kind === 'string' && type.maxLength !== undefined) || type.kind === 'float';
          assert.ok(
            written === undefined || mayBeLeft,
            `${column?.type.kind} to ${type.kind}: ${value?.toString('hex')}`,
          );
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(taken > 1500, `${taken} taken`);
  });

  it('are blocks of the same rows and bytes in every mode, with rows of every length', () => {
    const size = fc.oneof(
      { weight: 4, arbitrary: fc.nat({ max: 300 }) },
      { weight: 4, arbitrary: fc.nat({ max: 30_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 261_900, max: 262_300 }) },
      { weight: 4, arbitrary: fc.constantFrom(16, 32, 511, 512, 513, 140_000, 300_000) },
    );
    const codecs = planOf(LONG, { kind: 'string' }, { kind: 'json' });
    const row = fc.tuple(fc.integer().map(BigInt), size, fc.nat({ max: 20 }), fc.nat({ max: 40 }));
    let atOnce = 0;
    let blocks = 0;
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60, size: 'max' }), fc.constantFrom(0, 5), (sizes, gap) => {
        const rows = sizes.map(([id, length, odd, behind]): PgRow => {
          const document = `{"a": "${'é'.repeat(behind)}"${odd === 0 ? ', "b": 1e400' : ''}}`;
          return [int64(id), Buffer.alloc(length, 'text'), odd === 1 ? null : Buffer.from(document)];
        });
        const [wasm, ...others] = MODES.map((mode) => codecs.batch(rows, mode, { gap }));
        assert.ok(wasm !== undefined);
        for (const other of others) {
          assert.deepEqual(wasm.blocks, other.blocks);
          assert.deepEqual(wasm.left, other.left);
          assert.equal(other.atOnce, 0);
        }
        atOnce += wasm.atOnce;
        blocks += wasm.blocks.length;
      }),
      { numRuns: 150 },
    );
    assert.ok(atOnce > 2000 && blocks > 300, `${atOnce} rows at once, ${blocks} blocks`);
  });

  it('are written in few calls, one for each row between that is not', () => {
    const codecs = planOf(LONG, { kind: 'string' });
    const rows = Array.from({ length: 5_000 }, (_, index): PgRow => [
      int64(BigInt(index)),
      Buffer.from('x'.repeat(index % 90)),
    ]);
    const { calls, atOnce, left } = codecs.batch(rows, 'wasm');
    assert.deepEqual({ calls: calls <= 3, atOnce, left }, { calls: true, atOnce: 5_000, left: [] });
  });

  it('are left out where they are longer than allowed, and their losses are not counted', () => {
    const codecs = planOf({ kind: 'array', element: { kind: 'string' } }, { kind: 'string' });
    const lengths = [10, 1000, 989, 990, 5000, 20];
    const rows = lengths.map((length): PgRow => [null, Buffer.alloc(length, 'x')]);
    for (const mode of MODES) {
      const batch = codecs.batch(rows, mode, { maxRowBytes: 993 });
      // a byte for the array, one for the union, two for the length
      assert.deepEqual(
        batch.left,
        [1, 3, 4].filter((row) => (lengths[row] ?? 0) + 4 > 993),
        mode,
      );
      assert.deepEqual(batch.losses, [`c0 null_array ${rows.length - batch.left.length}`], mode);
    }
  });

  it('tell each row that was written, in order', () => {
    const codecs = planOf(LONG, { kind: 'json' });
    const rows = Array.from({ length: 100 }, (_, index): PgRow => {
      const odd = index % 7 === 3;
      return [int64(BigInt(index)), index % 5 === 0 ? null : Buffer.from(odd ? '1e5' : '[1, 2]')];
    });
    for (const gap of [0, 5]) {
      const seen: unknown[] = [];
      const { left, atOnce } = codecs.batch(rows, 'wasm', { gap, eachRow: (cell) => seen.push(cell) });
      assert.ok(left.length > 5 && atOnce > 50);
      const expected = rows.map((_, index) => index).filter((index) => !left.includes(index));
      assert.deepEqual(seen, expected.map(BigInt));
    }
  });

  it('are left to the writers where a value is like none that a server sends', () => {
    const numbers = planOf({ kind: 'float', bits: 64 }, { kind: 'float', bits: 32 });
    const float = Buffer.alloc(8);
    const single = Buffer.alloc(4);
    assert.equal(numbers.batch([[float, single]], 'wasm').atOnce, 1);
    const payload = Buffer.from('7ff4000000000001', 'hex');
    assert.equal(numbers.batch([[payload, single]], 'wasm').atOnce, 0);
    assert.equal(numbers.batch([[float, Buffer.from('7fa00001', 'hex')]], 'wasm').atOnce, 0);

    const arrays = planOf({ kind: 'array', element: { kind: 'string' } });
    const tags = array([2], [Buffer.from('a'), Buffer.from('b')]);
    assert.equal(arrays.batch([[tags]], 'wasm').atOnce, 1);
    // one byte more than its elements have, and one fewer
    for (const odd of [Buffer.concat([tags, Buffer.of(0)]), tags.subarray(0, -1)])
      assert.equal(arrays.batch([[odd]], 'wasm').atOnce, 0);
  });

  it('of several plans at once do not meet', () => {
    const one = planOf(LONG, { kind: 'string' });
    const other = planOf({ kind: 'string' }, LONG, LONG);
    const ones = [
      [int64(1n), Buffer.from('a')],
      [int64(2n), null],
    ] as const;
    const others = [[Buffer.from('b'), int64(3n), null]] as const;
    const alone = [one.batch(ones, 'generated').blocks, other.batch(others, 'generated').blocks];
    for (let turn = 0; turn < 3; turn++) {
      assert.deepEqual([one.batch(ones, 'wasm').blocks, other.batch(others, 'wasm').blocks], alone);
    }
    let inner: readonly Buffer[] = [];
    const { blocks } = one.batch([...ones, [int64(4n), Buffer.from('c')]], 'wasm', {
      eachRow: () => {
        inner = other.batch(others, 'wasm').blocks;
      },
    });
    assert.deepEqual(blocks, one.batch([...ones, [int64(4n), Buffer.from('c')]], 'generated').blocks);
    assert.deepEqual(inner, alone[1]);
  });
});

/** What is between the heads and the markers of blocks that are not compressed. */
function contentOf(blocks: readonly Buffer[]): Buffer {
  return Buffer.concat(
    blocks.map((block) => {
      let at = 0;
      for (let numbers = 0; numbers < 2; at++) if ((block[at] ?? 0) < 128) numbers++;
      return block.subarray(at, block.length - 16);
    }),
  );
}

/** `column rule times` with the times of each column and rule added up. */
function summed(losses: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const loss of losses) {
    const at = loss.lastIndexOf(' ');
    const name = loss.slice(0, at);
    sums[name] = (sums[name] ?? 0) + Number(loss.slice(at));
  }
  return sums;
}

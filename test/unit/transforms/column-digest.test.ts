import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Cell, Row } from '../../../core/cells';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { addDigests, compileColumnDigests } from '../../../transforms/column-digest';
import { measuresOf } from '../../../transforms/digest-measures';

function schemaOf(...types: ColumnType[]): TableSchema {
  return {
    columns: types.map((type, index) => ({ name: `c${index}`, type, nullable: true })),
    primaryKey: [],
  };
}

function digestsOf(schema: TableSchema, rows: readonly Row[]) {
  const digests = compileColumnDigests(schema);
  for (const row of rows) digests.add(row);
  return digests.result();
}

/** Values and sums of a column of these cells. */
function digestOf(type: ColumnType, ...cells: Cell[]): Record<string, string | number> {
  const digest = digestsOf(
    schemaOf(type),
    cells.map((cell) => [cell]),
  )['c0'];
  assert.ok(digest);
  return { values: digest.values, ...digest.sums };
}

const INT: ColumnType = { kind: 'int', bits: 64 };
const FLOAT: ColumnType = { kind: 'float', bits: 64 };
const STRUCT: ColumnType = {
  kind: 'struct',
  fields: [
    { name: 'a', type: INT },
    { name: '__proto__', type: { kind: 'array', element: { kind: 'string' } } },
  ],
};

describe('digests of columns', () => {
  it('are these numbers', () => {
    assert.deepEqual(digestOf({ kind: 'bool' }, true, false, null, true), { values: 3, true: '2' });
    assert.deepEqual(digestOf(INT, 2n ** 63n - 1n, 2n ** 63n - 1n, null), {
      values: 2,
      high: '4294967294',
      low: '8589934590',
    });
    assert.deepEqual(digestOf(INT, -(2n ** 63n), 5n), { values: 2, high: '-2147483648', low: '5' });
    assert.deepEqual(digestOf({ kind: 'date' }, -1n, 3n), { values: 2, days: '2' });
    assert.deepEqual(digestOf({ kind: 'timestamp', unit: 'us' }, 1n, 2n), { values: 2, microseconds: '3' });
    assert.deepEqual(digestOf({ kind: 'timestamp', unit: 's' }, 1n), { values: 1, microseconds: '1000000' });
    assert.deepEqual(digestOf({ kind: 'json' }, '{}', 'null', ' null ', null, '"null"'), { values: 2 });
    // The beginning of MD5 of "abc" in its own documentation (RFC 1321): 900150983cd2.
    assert.deepEqual(digestOf({ kind: 'string' }, 'abc'), {
      values: 1,
      bytes: '3',
      md5: String(0x900150983cd2),
    });
    assert.deepEqual(digestOf({ kind: 'bytes' }, Buffer.from('abc')), {
      values: 1,
      bytes: '3',
      md5: String(0x900150983cd2),
    });
    assert.deepEqual(digestOf({ kind: 'string' }, 'é'), digestOf({ kind: 'bytes' }, Buffer.from('é')));
  });

  it('a decimal is its value, whatever zeros are at its end', () => {
    const type: ColumnType = { kind: 'decimal', precision: 38, scale: 9 };
    assert.deepEqual(digestOf(type, '1.50'), digestOf(type, '1.5'));
    assert.deepEqual(digestOf(type, '100'), digestOf(type, '100.000'));
    assert.notDeepEqual(digestOf(type, '100'), digestOf(type, '1'));
    assert.notDeepEqual(digestOf(type, '1.5'), digestOf(type, '-1.5'));
  });

  it('floats', () => {
    assert.deepEqual(digestOf(FLOAT, -2.5, 0.25, NaN, Infinity, null), {
      ...{ values: 4, nan: '1', infinite: '1', negative: '1', whole: '-2', fraction: String(-(2n ** 50n)) },
      ...{ rest: '0', large: '0', large_rest: '0', min: '-2.5', max: 'Infinity' },
    });
    assert.deepEqual(digestOf(FLOAT, -0), digestOf(FLOAT, 0));
    const seen = fc.oneof(
      fc.double({ min: 2 ** -51, max: 2 ** 104, noNaN: true }),
      fc.double({ min: 2 ** -51, max: 10, noNaN: true }),
    );
    fc.assert(
      fc.property(seen, (value) => {
        const neighbour = nextFloat(value);
        assert.notDeepEqual(digestOf(FLOAT, 0, value, 2 ** 105), digestOf(FLOAT, 0, neighbour, 2 ** 105));
        assert.notDeepEqual(digestOf(FLOAT, 0, value, 2 ** 105), digestOf(FLOAT, 0, -value, 2 ** 105));
      }),
    );
  });

  it('arrays without elements are no values, and what is in arrays and structs counts', () => {
    assert.deepEqual(digestOf({ kind: 'array', element: INT }, [1n, 2n], [], null), {
      ...{ values: 1, elements: '2', 'values []': '2', 'high []': '0', 'low []': '3' },
    });
    assert.deepEqual(digestOf(STRUCT, [null, []], [7n, ['x', 'y']], null), {
      ...{ values: 2, 'values .a': '1', 'high .a': '0', 'low .a': '7', 'elements .__proto__': '2' },
      ...{ 'values .__proto__[]': '2', 'bytes .__proto__[]': '2' },
      'md5 .__proto__[]': String(0x9dd4e461268c + 0x415290769594),
    });
  });

  it('columns may have any name', () => {
    const schema: TableSchema = {
      columns: ['__proto__', 'constructor'].map((name) => ({ name, type: INT, nullable: true })),
      primaryKey: [],
    };
    const digests = digestsOf(schema, [[1n, 2n]]);
    assert.deepEqual(Object.keys(digests), ['__proto__', 'constructor']);
    assert.deepEqual(Object.keys(addDigests(digests, digests)), ['__proto__', 'constructor']);
    assert.equal(addDigests(digests, digests)['__proto__']?.sums['low'], '2');
  });

  it('do not hang on the order of rows, nor on how they are divided', () => {
    const schema = schemaOf(INT, FLOAT, { kind: 'string' }, { kind: 'array', element: FLOAT }, STRUCT);
    const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const row = fc.tuple(
      fc.option(int),
      fc.option(fc.double()),
      fc.option(fc.string()),
      fc.option(fc.array(fc.double())),
      fc.option(fc.tuple(fc.option(int), fc.array(fc.string()))),
    );
    fc.assert(
      fc.property(fc.array(row), fc.nat(), (rows, at) => {
        const all = digestsOf(schema, rows);
        assert.deepEqual(digestsOf(schema, rows.toReversed()), all);
        const cut = at % (rows.length + 1);
        const [first, second] = [digestsOf(schema, rows.slice(0, cut)), digestsOf(schema, rows.slice(cut))];
        assert.deepEqual(addDigests(first, second), all);
        assert.deepEqual(addDigests(second, first), all);
      }),
    );
  });

  it('sums are exact far beyond what a number holds', () => {
    const digests = compileColumnDigests(schemaOf({ kind: 'string' }));
    for (let row = 0; row < 1000; row++) digests.add(['abc']);
    assert.equal(digests.result()['c0']?.sums['md5'], String(1000n * 0x900150983cd2n));
    const days = digestOf({ kind: 'timestamp', unit: 'us' }, ...Array.from({ length: 100 }, () => 2n ** 57n));
    assert.equal(days['microseconds'], String(100n * 2n ** 57n));
  });

  it('every measure has a name of its own', () => {
    const names = measuresOf(STRUCT).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });
});

/** The next float away from zero. */
function nextFloat(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + 1n);
  return bits.getFloat64(0);
}

import assert from 'node:assert/strict';
import type { Column, ColumnType } from '../../../core/schema';
import { MAX_QUERY_CHARACTERS } from '../../../loaders/bigquery/job-limits';
import { proofsOf } from '../../../loaders/bigquery/verify-sql';
import { compileColumnDigests } from '../../../transforms/column-digest';
import { INT, STRING, TABLE, columnsOf } from './commit-fixture';

const SOURCES = [1, 2].map((index) => ({ ...TABLE, tableId: `tmp_${index}` }));

function proved(columns: readonly Column[]) {
  return columns.map((column) => ({ name: column.name, column }));
}

describe('questions to temporary tables', () => {
  it('ask for the rows, and for every column what its digest has', () => {
    const columns = columnsOf({ 'a`b': INT });
    const digests = compileColumnDigests({ columns, primaryKey: [] });
    digests.add([5n]);
    digests.add([null]);
    const [proof, ...more] = proofsOf(SOURCES, proved(columns), digests.result(), 2);
    assert.deepEqual(more, []);
    assert.ok(proof);
    assert.equal(proof.step, 'proof-0');
    assert.deepEqual(
      { ...proof.meaning },
      { c0: 'rows', c1: 'values of "a`b"', c2: 'high of "a`b"', c3: 'low of "a`b"' },
    );
    assert.deepEqual({ ...proof.expected }, { c0: '2', c1: '1', c2: '0', c3: '5' });
    assert.match(proof.sql, /beamlift_staged\.`a\\`b`/);
    assert.match(
      proof.sql,
      /FROM \(SELECT \* FROM [^ ]*`tmp_1` UNION ALL SELECT \* FROM [^ ]*`tmp_2`\) AS beamlift_staged\)$/,
    );
  });

  it('go by the names of the table, and find digests by those of the plan', () => {
    const [column] = columnsOf({ ID: INT });
    assert.ok(column);
    const digests = compileColumnDigests({ columns: [{ ...column, name: 'id' }], primaryKey: [] });
    digests.add([7n]);
    const [proof] = proofsOf(SOURCES, [{ name: 'id', column }], digests.result(), 1);
    assert.equal(proof?.expected['c1'], '1');
    assert.equal(proof.expected['c3'], '7');
    assert.match(proof.sql, /MOD\(beamlift_staged\.`ID`, 4294967296\)/);
  });

  it('columns that are written as text and read as something else are counted', () => {
    const types = ['GEOGRAPHY', 'INTERVAL', 'RANGE<DATE>', 'ARRAY<GEOGRAPHY>'];
    const columns = types.map((nativeType): Column => {
      const type: ColumnType = nativeType.startsWith('ARRAY') ? { kind: 'array', element: STRING } : STRING;
      return { name: nativeType, type, nullable: true, nativeType };
    });
    const [proof] = proofsOf(SOURCES, proved(columns), {}, 0);
    assert.deepEqual(Object.values(proof?.meaning ?? {}), [
      'rows',
      ...types.map((name) => `values of "${name}"`),
    ]);
  });

  it('a float is compared as a float, and nothing is expected of none', () => {
    const columns = columnsOf({ f: { kind: 'float', bits: 64 } });
    const digests = compileColumnDigests({ columns, primaryKey: [] });
    const [none] = proofsOf(SOURCES, proved(columns), digests.result(), 0);
    assert.deepEqual(Object.values(none?.expected ?? {}).slice(-2), [null, null]);
    digests.add([0.1]);
    const [one] = proofsOf(SOURCES, proved(columns), digests.result(), 1);
    assert.match(
      one?.sql ?? '',
      /IF\(MIN\(r10\) = CAST\('0\.1' AS FLOAT64\), '0\.1', CONCAT\('not ', CAST\(MIN\(r10\) AS STRING\)\)\) AS c10/,
    );
  });

  it('are several where one would be longer than a statement may be', () => {
    const types = Object.fromEntries(
      Array.from({ length: 9_999 }, (_, index) => [`column_${'x'.repeat(200)}_${index}`, INT]),
    );
    const columns = columnsOf(types);
    const proofs = proofsOf(SOURCES, proved(columns), {}, 0);
    assert.ok(proofs.length > 5);
    assert.deepEqual(
      proofs.map(({ step }) => step),
      proofs.map((_, index) => `proof-${index}`),
    );
    for (const { sql } of proofs) assert.ok(sql.length < MAX_QUERY_CHARACTERS, String(sql.length));
    const asked = proofs.flatMap(({ meaning }) => Object.values(meaning));
    assert.equal(new Set(asked).size, 1 + 3 * columns.length);
    assert.equal(asked.length, 1 + 3 * columns.length);
  });
});

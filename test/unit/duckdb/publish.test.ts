import assert from 'node:assert/strict';
import type { Row } from '../../../core/cells';
import type { ColumnType } from '../../../core/schema';
import { DuckdbFixture } from './duckdb-fixture';

const INT: ColumnType = { kind: 'int', bits: 64 };
const TEXT: ColumnType = { kind: 'string' };
const COLUMNS = [
  ['id', INT],
  ['name', TEXT],
] as const;

describe('publishing into DuckDB', () => {
  let fixture: DuckdbFixture;
  beforeEach(async () => (fixture = await DuckdbFixture.make()));
  afterEach(async () => await fixture.remove());

  it('makes the table and appends', async () => {
    const first = await fixture.load(COLUMNS, [[[1n, 'a']], [[2n, null]]]);
    assert.deepEqual(first, { rowsLoaded: 2, rowsBefore: 0, alreadyCommitted: false, table: 't' });
    const rows: Row[] = [[3n, '']];
    const second = await fixture.load(COLUMNS, [rows], { runId: 'run-2', createTable: false });
    assert.equal(second.rowsBefore, 2);
    assert.deepEqual(await fixture.ask('SELECT id, name FROM t ORDER BY id'), [
      ['1', 'a'],
      ['2', null],
      ['3', ''],
    ]);
  });
});

import assert from 'node:assert/strict';
import { destinationTable } from '../../../launcher/destination-table';

describe('the name of a destination table', () => {
  it('has what the destination needs to find it', () => {
    const config = { project: 'p', dataset: 'd' };
    assert.equal(destinationTable({ config, table: 't' }), 'p.d.t');
    assert.equal(destinationTable({ config, dataset: 'other', table: 't' }), 'p.other.t');
    assert.equal(destinationTable({ config: { path: '/w.duckdb', schema: 'main' }, table: 't' }), 't');
    assert.equal(destinationTable({ config: { path: '/w.duckdb' }, dataset: 's', table: 't' }), 's.t');
  });
});

import assert from 'node:assert/strict';
import { parseDataset, parseJob, parseTable } from '../../../core/clients/bigquery-resources';
import { GoogleServiceFailure } from '../../../core/clients/google-failures';

const REFERENCE = { projectId: 'p', datasetId: 'd', tableId: 't' };

describe('resources of BigQuery, as they are answered', () => {
  it('keep what is not looked at: fields are sent back', () => {
    const leaf = { name: 'b', type: 'STRING', mode: 'NULLABLE', maxLength: '5', collation: 'und:ci' };
    const fields = [
      { name: 'a', type: 'RECORD', mode: 'REPEATED', fields: [leaf], policyTags: { names: ['x'] } },
      { name: '__proto__', type: 'RANGE', rangeElementType: { type: 'DATE' }, roundingMode: 'X' },
    ];
    const table = { tableReference: REFERENCE, numRows: '3', schema: { fields }, labels: { team: 'x' } };
    assert.deepEqual(parseTable(table), table);
  });

  it('of tables without anything, and with all that is looked at', () => {
    assert.deepEqual(parseTable({ tableReference: REFERENCE }), { tableReference: REFERENCE });
    const table = {
      tableReference: REFERENCE,
      timePartitioning: { type: 'DAY', expirationMs: '5' },
      rangePartitioning: { field: 'id', range: { start: '0', end: '9', interval: '1' } },
      clustering: { fields: ['id'] },
      encryptionConfiguration: {},
      requirePartitionFilter: true,
    };
    assert.deepEqual(parseTable(table), table);
    assert.deepEqual(parseDataset({ location: 'EU', id: 'p:d' }), { location: 'EU', id: 'p:d' });
    const job = {
      jobReference: { projectId: 'p', jobId: 'j', location: 'EU' },
      configuration: { jobType: 'LOAD', load: { sourceUris: ['gs://b/x'] } },
      status: { state: 'DONE', errorResult: { reason: 'invalid', debugInfo: '' }, errors: [{}] },
      statistics: { load: { outputRows: '7' } },
    };
    assert.deepEqual(parseJob(job), job);
  });

  for (const [what, parse, words] of [
    [
      'a table without a name',
      () => parseTable({ tableReference: { projectId: 'p' } }),
      /tableReference.datasetId/,
    ],
    [
      'a field without a type',
      () =>
        parseTable({
          tableReference: REFERENCE,
          schema: { fields: [{ name: 'a', type: 'RECORD', fields: [{ name: 'b' }] }] },
        }),
      /schema.fields.0.fields.0.type/,
    ],
    [
      'a number of rows that is none',
      () => parseTable({ tableReference: REFERENCE, numRows: {} }),
      /numRows/,
    ],
    ['a dataset without a location', () => parseDataset({}), /location/],
    [
      'a job in a state that nobody knows',
      () =>
        parseJob({
          jobReference: { projectId: 'p', jobId: 'j', location: 'EU' },
          configuration: {},
          status: { state: 'GONE' },
        }),
      /status.state/,
    ],
    ['no job', () => parseJob('done'), /missing/],
  ] as const) {
    it(`are no use: ${what}`, () => {
      assert.throws(parse, (error) => {
        assert.ok(error instanceof GoogleServiceFailure);
        assert.equal(error.status, undefined);
        assert.match(error.message, words);
        return true;
      });
    });
  }
});

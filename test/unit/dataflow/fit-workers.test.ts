import assert from 'node:assert/strict';
import { connectionObstacles, fitWorkers } from '../../../pipelines/beam/dataflow/fit-workers';
import { dataflowOptionsSchema, type DataflowOptions } from '../../../pipelines/beam/dataflow/options';
import { fakePlan } from '../cli/fake-engine';

const OPTIONS = dataflowOptionsSchema.parse({
  project: 'acme-prod',
  region: 'europe-west1',
  temp_location: 'gs://bucket/tmp',
});

/** Of a database with so many connections. */
function contextOf(maxConnections: number, pinned = false) {
  const { context } = fakePlan('orders');
  return {
    ...context,
    source: { ...context.source, maxConnections },
    ...(pinned ? { pin: { snapshot: '1' } } : {}),
  };
}

const workersOf = (options: Partial<DataflowOptions>, connections: number, pinned = false) => {
  const fitted = fitWorkers({ ...OPTIONS, ...options }, contextOf(connections, pinned));
  return [fitted.num_workers, fitted.max_num_workers];
};

describe('workers for a database', () => {
  it('are as many as its connections are enough for, one for each core', () => {
    assert.deepEqual(workersOf({ machine_type: 'n2-standard-4' }, 8), [undefined, 2]);
    assert.deepEqual(workersOf({ machine_type: 'n2-standard-2', num_workers: 9 }, 8), [4, 4]);
    assert.deepEqual(
      workersOf({ machine_type: 'n2-standard-2', num_workers: 1, max_num_workers: 3 }, 8),
      [1, 3],
    );
    assert.deepEqual(workersOf({ machine_type: 'n2-custom-8-16384' }, 40), [undefined, 5]);
    assert.deepEqual(workersOf({ machine_type: 'custom-2-4096' }, 40), [undefined, 10]);
    assert.deepEqual(workersOf({ machine_type: 'e2-medium' }, 8), [undefined, 4]);
    assert.deepEqual(workersOf({}, 8), [undefined, 2], 'a machine that the service chooses');
  });

  it('leave one connection to the launcher, which holds the snapshot', () => {
    assert.deepEqual(workersOf({ machine_type: 'n2-standard-4' }, 8, true), [undefined, 1]);
    assert.deepEqual(workersOf({ machine_type: 'n2-standard-4' }, 9, true), [undefined, 2]);
  });

  it('are one at least; a machine that is too large for that is in the way', () => {
    const large = { ...OPTIONS, machine_type: 'n2-standard-16' };
    assert.deepEqual(workersOf(large, 8), [undefined, 1]);
    const [obstacle, ...others] = connectionObstacles(large, contextOf(8));
    assert.match(
      obstacle?.what ?? '',
      /n2-standard-16\) opens 16 connections to shop, and max_source_connections is 8/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(connectionObstacles(large, contextOf(16)), []);
  });
});

describe('workers for files', () => {
  it('are as many as the options say', () => {
    const context = contextOf(8);
    const files = { ...context, source: { ...context.source, type: 'local' } };
    const many = { ...OPTIONS, machine_type: 'n2-standard-16', max_num_workers: 100 };
    assert.deepEqual(fitWorkers(many, files), many);
    assert.deepEqual(connectionObstacles(many, files), []);
  });
});

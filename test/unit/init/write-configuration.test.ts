import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { addJob, type NewJob } from '../../../launcher/init/write-configuration';
import { hasCode } from '../../has-code';

const orders: NewJob = {
  jobName: 'orders',
  job: {
    source_table_name: 'public.orders',
    load_type: 'catalog',
    dest_table_name: 'orders',
    create_table: true,
  },
  connectionName: 'shop',
  connection: { source_type: 'postgresql', host: 'db', password: '${env:SHOP_PASSWORD}' },
  destinationName: 'warehouse',
  destination: { type: 'duckdb', path: 'warehouse.duckdb' },
};

describe('addJob', () => {
  it('writes a whole configuration where there is none', () => {
    const text = addJob(undefined, orders);
    assert.match(text, /^# What beamlift loads/);
    assert.deepEqual(parse(text), {
      connections: { shop: orders.connection },
      destinations: { warehouse: orders.destination },
      jobs: { orders: { connection: 'shop', ...orders.job, destination: 'warehouse' } },
    });
  });

  it('adds to an existing one, keeps its comments, and writes nothing twice', () => {
    const first = addJob(undefined, orders).replace('jobs:', '# ours\njobs:');
    const text = addJob(first, { ...orders, jobName: 'customers' });
    assert.match(text, /# ours/);
    const { connections, jobs } = parse(text) as { connections: object; jobs: object };
    assert.deepEqual(Object.keys(connections), ['shop']);
    assert.deepEqual(Object.keys(jobs), ['orders', 'customers']);
  });

  it('takes another name for a connection where the name is another one', () => {
    const text = addJob(addJob(undefined, orders), {
      ...orders,
      jobName: 'other',
      connection: { ...orders.connection, host: 'db2' },
    });
    const { jobs } = parse(text) as { jobs: { other: { connection: string } } };
    assert.equal(jobs.other.connection, 'shop_2');
  });

  it('adds the sections that a file lacks', () => {
    assert.ok(parse(addJob('run_store: sqlite:runs.db\n', orders)).jobs.orders);
    assert.ok(parse(addJob('# nothing yet\n', orders)).jobs.orders);
    assert.ok(parse(addJob('jobs:\nconnections: {}\n', orders)).jobs.orders);
  });

  it('refuses a name that is taken, and a file that is not YAML', () => {
    assert.throws(() => addJob(addJob(undefined, orders), orders), hasCode('USAGE'));
    assert.throws(() => addJob('jobs: [', orders), hasCode('CONFIG_INVALID'));
    assert.throws(() => addJob('- a list', orders), hasCode('CONFIG_INVALID'));
  });
});

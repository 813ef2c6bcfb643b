import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import type { JobSpec } from '../../../launcher/config/job-spec';
import { configurationFromUrls } from '../../../launcher/config/load-configuration';
import type { UrlJobInput } from '../../../launcher/config/url-job';
import { FAKE_MODULES } from './fake-modules';

type Flags = Partial<Omit<UrlJobInput, 'cwd' | 'modules'>>;

async function configure(flags: Flags) {
  return await configurationFromUrls({
    from: 'postgresql://h/d',
    to: 'duckdb:w.duckdb',
    environment: {},
    ...flags,
    cwd: '/work-folder',
    modules: FAKE_MODULES,
  });
}

async function jobOf(flags: Flags): Promise<JobSpec> {
  const { jobs } = await configure(flags);
  const [job] = jobs;
  assert.ok(job !== undefined && !('instantiate' in job));
  return job;
}

async function problemsOf(flags: Flags): Promise<string[]> {
  try {
    await configure(flags);
  } catch (error) {
    assert.ok(error instanceof BeamliftError, String(error));
    assert.equal(error.code, 'USAGE');
    assert.equal(error.exitCode, 2);
    return (error.why ?? '').split('\n');
  }
  return [];
}

describe('job from URLs', () => {
  it('reads a table, and keeps the password out of the connection', async () => {
    const configuration = await configure({
      from: 'postgresql://etl:canary-7@db:5433/shop',
      table: 'public.orders',
    });
    const [job] = configuration.jobs;
    assert.ok(job !== undefined && !('instantiate' in job));
    assert.equal(configuration.file, undefined);
    assert.equal(configuration.baseFolder, '/work-folder');
    assert.deepEqual(configuration.runStore, {
      type: 'sqlite',
      config: { path: '/work-folder/.beamlift/runs.db' },
    });
    assert.deepEqual(job.source, {
      type: 'postgresql',
      connectionName: 'from',
      connection: {
        host: 'db',
        port: 5433,
        database: 'shop',
        user: 'etl',
        password: '${inline:connections.from.password}',
      },
      object: { kind: 'table', name: 'public.orders' },
      maxConnections: 8,
    });
    assert.deepEqual([...configuration.inlineSecrets], [['connections.from.password', 'canary-7']]);
    assert.deepEqual(job.destination, {
      type: 'duckdb',
      destinationName: 'to',
      config: { path: '/work-folder/w.duckdb' },
      table: 'orders',
    });
    assert.deepEqual([job.name, job.loadType, job.createTable], ['orders', 'catalog', true]);
  });

  it('chooses the load type by the columns that are given', async () => {
    assert.equal((await jobOf({ table: 't', timestampColumn: 'at' })).loadType, 'transactional');
    assert.equal((await jobOf({ table: 't', keyColumns: ['id'] })).loadType, 'merge');
    assert.equal(
      (await jobOf({ table: 't', loadType: 'append', timestampColumn: 'at' })).loadType,
      'transactional',
    );
    assert.equal((await jobOf({ table: 't', createTable: false })).createTable, false);
  });

  it('names tables after what is read', async () => {
    const cases: [Flags, string, string][] = [
      [{ table: 'public."Order.Lines"' }, 'Order.Lines', 'Order.Lines'],
      [{ table: 'public."odd name"' }, 'odd name', 'odd_name'],
      [{ from: './data', files: './zip codes.csv' }, 'zip_codes', 'zip_codes'],
      [{ from: './data', files: 'sales/**/*.csv' }, 'sales', 'sales'],
      [{ from: './data', files: '*.parquet' }, 'files', 'files'],
      [{ from: './data', files: 'a.2024.csv.gz' }, 'a_2024', 'a_2024'],
      [{ query: 'SELECT 1', destTable: 'raw.ones' }, 'ones', 'ones'],
    ];
    for (const [flags, table, name] of cases) {
      const job = await jobOf(flags);
      assert.deepEqual([job.destination.table, job.name], [table, name]);
    }
    assert.equal((await jobOf({ query: 'SELECT 1', destTable: 'raw.ones' })).destination.dataset, 'raw');
  });

  it('reports every problem with its flag, and no password', async () => {
    const cases: [Flags, RegExp[]][] = [
      [
        { from: 'postgresql://u:canary@', to: 'redis://canary', table: 't' },
        [/^--from: cannot read \*\*\*$/, /^--to: redis is not available in this version/],
      ],
      [{ from: 'canary' }, [/^--from: no connection has a URL of this form.*; write \.\/data for a folder/]],
      [{ table: 't', to: 'nope:' }, [/^--to: no destination has a URL of this form; there is duckdb/]],
      [{ table: 't', to: 'canary' }, [/^--to: no destination has a URL of this form.*; write duckdb:/]],
      [{ from: 'postgresql://', table: 't' }, [/^--from: cannot read postgresql:\/\/$/]],
      [{ query: 'SELECT 1' }, [/^--dest-table: is needed with --query/]],
      [{ table: 'a."b' }, [/^--table: is not table or schema\.table/]],
      [{ table: 't', destTable: 'a..b' }, [/^--dest-table: is not table or schema\.table/]],
      [{ from: './d/*.csv', files: 'x.csv' }, [/^--files: the URL of --from says which files/]],
      [{ from: './d', files: 'x.bin' }, [/^--files: the ending says no format/]],
      [{ from: './d', table: 't' }, [/^--table: is for databases/]],
      [{ table: 't', loadType: 'append' }, [/^--timestamp-column: is needed for a transactional load/]],
      [{ table: 't', loadType: 'merge' }, [/^--key-columns: is needed for a merge load/]],
      [{ table: 't', loadType: 'catalogue' }, [/^--load-type: expected .* did you mean catalog/]],
      [{ from: '${env:NONE}', table: 't' }, [/^--from: the environment variable NONE is not set$/]],
      [{}, [/^--table: is needed: the table or view to read; or --query$/]],
    ];
    for (const [flags, expected] of cases) {
      const problems = await problemsOf(flags);
      assert.equal(problems.length, expected.length, problems.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
      assert.doesNotMatch(problems.join('\n'), /canary/);
    }
  });
});

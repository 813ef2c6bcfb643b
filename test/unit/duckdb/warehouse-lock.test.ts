import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openWarehouse } from '../../../core/clients/duckdb';
import { WarehouseBusy } from '../../../core/clients/duckdb-failures';
import { BeamliftError } from '../../../core/errors';
import type { SourceServices } from '../../../core/extractor';
import type { ColumnType } from '../../../core/schema';
import { duckdb } from '../../../loaders/duckdb/duckdb-destination';
import { DuckdbFixture, NEVER } from './duckdb-fixture';
import { Oracle } from './oracle';

const COLUMNS = [['id', { kind: 'int', bits: 64 } as ColumnType]] as const;

/** Holds the file open until its input ends. */
const HOLDER = `
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const instance = await DuckDBInstance.create(process.argv[1], process.argv[2] ? { access_mode: 'READ_ONLY' } : {});
  console.log('open');
  process.stdin.resume();
  process.stdin.on('end', () => { instance.closeSync(); process.exit(0); });
})();
`;

describe('the lock of a DuckDB file', () => {
  const oracle = new Oracle();
  const holders: ChildProcess[] = [];
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill();
    await fixture.remove();
  });

  async function hold(...more: string[]): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['-e', HOLDER, fixture.file, ...more], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    holders.push(child);
    await once(child.stdout, 'data');
    return child;
  }

  /** Whether another process can write the file now. */
  async function opensElsewhere(): Promise<boolean> {
    const child = spawn(process.execPath, ['-e', HOLDER, fixture.file], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    holders.push(child);
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0;
  }

  const check = async (file = fixture.file) => {
    const services = { baseFolder: fixture.folder } as unknown as SourceServices;
    return await duckdb.check({ path: file }, services, NEVER);
  };

  it('of another program is an error that names it, after a bounded wait', async () => {
    await fixture.load(COLUMNS, [[[1n]]]);
    for (const mode of [[], ['read-only']]) {
      const holder = await hold(...mode);
      const loader = fixture.loader();
      await assert.rejects(
        loader.acquireLease({ job: 'j', fingerprint: 'f' }, 'r', 'fail', NEVER),
        (error) => {
          assert.ok(error instanceof BeamliftError);
          assert.equal(error.code, 'DESTINATION_LOCKED');
          assert.equal(error.transient, true);
          assert.match(error.what, /open in another program/);
          assert.match(error.why ?? '', new RegExp(`node.* \\(process ${holder.pid}\\)`));
          assert.match(error.hint ?? '', /Close that program/);
          return true;
        },
      );
      const [, , finding] = [undefined, ...(await check())];
      assert.deepEqual([finding?.step, finding?.ok], ['lock', false]);
      assert.match(finding?.detail ?? '', new RegExp(`process ${holder.pid}`));
      holder.kill();
      await once(holder, 'exit');
    }
    assert.ok(
      fixture.logged.some(([, event, fields]) => event === 'warehouse.lock.waiting' && 'pid' in fields),
    );
  });

  it('is waited for', async () => {
    await fixture.load(COLUMNS, [[[1n]]]);
    const holder = await hold();
    const patient = { attempts: 500, minDelayMs: 10, maxDelayMs: 20, factor: 1 };
    const lease = fixture
      .loader({ lockPolicy: patient })
      .acquireLease({ job: 'j', fingerprint: 'f' }, 'r', 'fail', NEVER);
    setTimeout(() => holder.stdin?.end(), 100);
    await (await lease).release();
  });

  it('a wait ends with the run', async () => {
    await fixture.load(COLUMNS, [[[1n]]]);
    await hold();
    const stop = new AbortController();
    const patient = { attempts: 500, minDelayMs: 50, maxDelayMs: 50, factor: 1 };
    const schema = fixture.loader({ lockPolicy: patient }).schema(stop.signal);
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 60);
    await assert.rejects(schema, reason);
  });

  it('is kept while another part of this process opens the file, which waits or shares', async () => {
    const bulk = { memoryLimit: '64MB', threads: 1, tempFolder: path.join(fixture.folder, 'spill') };
    const first = await openWarehouse(fixture.file, bulk, NEVER);
    await first.run('CREATE TABLE t (id BIGINT)');
    await assert.rejects(openWarehouse(fixture.file, 'read-write', NEVER), WarehouseBusy);
    await assert.rejects(openWarehouse(fixture.file, 'read-only', NEVER), WarehouseBusy);
    const second = await openWarehouse(path.join(fixture.folder, '.', 'warehouse.duckdb'), bulk, NEVER);
    await second.run('INSERT INTO t VALUES (1)');
    second.close();
    const patience = fixture.loader({ lockPolicy: { attempts: 2, minDelayMs: 1, maxDelayMs: 1, factor: 1 } });
    await assert.rejects(patience.schema(NEVER), /is in use/);
    assert.equal(await opensElsewhere(), false);
    assert.equal((await first.rows('SELECT count(*)::INTEGER AS n FROM t'))[0]?.['n'], 1);
    first.close();
    assert.equal((await patience.schema(NEVER))?.columns.length, 1);
    assert.equal(await opensElsewhere(), true);
  });

  it('two jobs of one process publish into one file', async () => {
    const many = { attempts: 400, minDelayMs: 2, maxDelayMs: 25, factor: 1.5 };
    const jobs = Array.from({ length: 4 }, (_, index) => `job-${index}`);
    await Promise.all(
      jobs.map(async (job, index) => {
        const table = { schema: 'main', name: index < 2 ? 'shared' : job };
        await fixture.load(
          COLUMNS,
          [[[BigInt(index)]]],
          { job, runId: `run-${job}` },
          { table, lockPolicy: many },
        );
      }),
    );
    assert.deepEqual(await fixture.ask('SELECT id FROM shared ORDER BY id'), [['0'], ['1']]);
    assert.deepEqual(
      await fixture.ask('SELECT job, last_commit IS NOT NULL FROM _beamlift_state ORDER BY job'),
      [...jobs.map((job) => [job, 'true'])],
    );
  });

  it('check says what is wrong with the file', async () => {
    assert.deepEqual(
      (await check()).map(({ step, ok }) => [step, ok]),
      [
        ['folder', true],
        ['file', true],
      ],
    );
    await fixture.load(COLUMNS, [[[1n]]]);
    assert.match((await check())[1]?.detail ?? '', /DuckDB file with 2 tables/);
    const steps = async (file: string) => {
      const finding = (await check(file)).at(-1);
      assert.equal(finding?.ok, false);
      assert.notEqual(finding.hint, undefined);
      return `${finding.step}: ${finding.detail}`;
    };
    assert.match(
      await steps(path.join(fixture.folder, 'nowhere', 'x.duckdb')),
      /^folder: There is no folder/,
    );
    assert.match(await steps(path.join(fixture.file, 'x.duckdb')), /^folder: .* is not a folder/);
    await mkdir(path.join(fixture.folder, 'dir.duckdb'));
    assert.match(await steps(path.join(fixture.folder, 'dir.duckdb')), /^file: .* is not a file/);
    const text = path.join(fixture.folder, 'text.duckdb');
    await writeFile(text, 'id,name\n1,a\n');
    assert.match(await steps(text), /^file: .* is not a DuckDB database/);
    await assert.rejects(fixture.loader({ path: text }).schema(NEVER), /is not a DuckDB database/);
    if (process.getuid?.() !== 0) {
      await chmod(fixture.file, 0o400);
      assert.match(await steps(fixture.file), /^rights: /);
    }
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLauncher } from '../crash/launcher-process';
import type { FaultAction } from '../fault-proxy/faults';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

describe('rejected rows of loads into BigQuery', function () {
  this.timeout(60_000);
  let services: BigQueryServices;
  let place: BigQueryWorkspace;

  before(async () => {
    services = await BigQueryServices.start();
  });
  after(async () => {
    await services.stop();
  });
  beforeEach(async () => {
    place = await BigQueryWorkspace.create(services);
    await place.execute(`CREATE TABLE ${place.name} (id INT64, name STRING)`);
    await place.file('a.csv', 'id,name', '1,one', 'x,two', '3,three', '4,four,five');
    await place.file('b.csv', 'id,name', '5,five');
  });
  afterEach(async () => {
    await place.remove();
  });

  const stagedRejects = async (): Promise<string[]> =>
    (await place.staged()).filter((name) => name.startsWith('rejects/'));

  const uriOf = (name: string): string => `gs://${services.gcs.bucket}/${place.prefix}/${name}`;

  /** Rows and reasons of the file at a `gs://` name. */
  const readRejects = async (uri: string): Promise<Record<string, string>[]> => {
    const body = await services.gcs.read(uri.replace(`gs://${services.gcs.bucket}/`, ''));
    assert.ok(body !== undefined, `${uri} is not there`);
    return body
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
  };

  it('are in the staging folder, named by the report, when nothing else of the run is left', async () => {
    await place.configure({ rejects: { max: 2 } });
    const { code, reports, err } = await place.run();
    assert.equal(code, 3, err);
    const [report] = reports;
    assert.deepEqual([report?.rows_loaded, report?.rows_rejected], [3, 2]);
    const [uri = '', ...others] = report?.reject_files ?? [];
    assert.deepEqual(others, []);
    assert.ok(uri.startsWith(uriOf(`rejects/${place.name}/${report?.run_id ?? ''}/`)), uri);
    assert.deepEqual((await stagedRejects()).map(uriOf), [uri]);
    assert.deepEqual(
      (await readRejects(uri)).map(({ job, file, row, value }) => [job, file, row, value]),
      [
        [place.name, 'a.csv', 'a.csv line 5', '4,four,five'],
        [place.name, 'a.csv', 'a.csv line 3', 'x'],
      ],
    );
    assert.deepEqual(
      (await place.staged()).filter((name) => name.startsWith('runs/')),
      [],
    );
    assert.ok(!existsSync(place.workspace.path('.beamlift', 'rejects')));
    assert.deepEqual(await place.rows('id, name'), ['1|one', '3|three', '5|five']);
  });

  it('are there, and named by the error, when they are too many', async () => {
    await place.configure({});
    const { code, reports } = await place.run();
    assert.equal(code, 1);
    const error = reports[0]?.error;
    assert.equal(error?.code, 'REJECTS_EXCEEDED');
    const uri = /gs:\/\/\S+\.jsonl/.exec(error.hint ?? '')?.[0] ?? '';
    assert.equal((await readRejects(uri)).length, 2);
    assert.deepEqual((await stagedRejects()).map(uriOf), [uri]);
    assert.deepEqual(await place.rows('id'), []);
  });

  it('of units that have too many only together are named by the error', async () => {
    await place.file('b.csv', 'id,name', 'y,five', 'z,six');
    await place.configure({ rejects: { max: 3 } });
    const { reports } = await place.run();
    const error = reports[0]?.error;
    assert.equal(error?.code, 'REJECTS_EXCEEDED');
    for (const name of await stagedRejects()) assert.ok(error.hint?.includes(uriOf(name)), error.hint);
  });

  it('of an attempt that did not count go with the run', async () => {
    await place.configure({ rejects: { max: 2 } });
    const orphans: string[] = [];
    place.break({
      on: 'manifest.write',
      nth: 2,
      action: {
        meanwhile: async () => {
          for (const name of await stagedRejects()) {
            const orphan = name.replace(/\.[0-9a-f]{16}\.jsonl$/, '.00000000deadbeef.jsonl');
            assert.notEqual(orphan, name);
            orphans.push(orphan);
            await services.gcs.write(`${place.prefix}/${orphan}`, '{}\n');
          }
        },
      },
    });
    const { code, reports, err } = await place.run('--concurrency', '1');
    assert.equal(code, 3, err);
    assert.equal(orphans.length, 1);
    assert.deepEqual((await stagedRejects()).map(uriOf), reports[0]?.reject_files);
  });

  /** Kills a launcher once it has written its rejects and so many manifests. Returns the rejects. */
  const killedAfterRejects = async (manifests: number, ...flags: string[]): Promise<string> => {
    await place.configure({ rejects: { max: 2 } });
    const launcher = startLauncher(place.workspace, ...flags);
    launcher.stderr.resume();
    const ended = once(launcher, 'exit');
    const staged = async (): Promise<number> =>
      (await place.staged()).filter((name) => /^runs\/.*\/units\//.test(name)).length;
    services.faults.kill = async () => {
      while ((await staged()) < manifests) await sleep(20);
      launcher.kill('SIGKILL');
      await ended;
    };
    place.break({ on: 'rejects.write', nth: 1, action: 'kill-after' });
    const [, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    assert.equal(signal, 'SIGKILL');
    assert.equal(await staged(), manifests);
    const left = await stagedRejects();
    assert.equal(left.length, 1);
    place.break(undefined);
    return left[0] ?? '';
  };

  it('of a launcher that is killed before its manifest is written go with the run that goes on', async () => {
    const left = await killedAfterRejects(1, '--concurrency', '2');
    const { code, reports, err } = await place.run();
    assert.equal(code, 3, err);
    assert.match(reports[0]?.notices.join('\n') ?? '', /This run went on with/);
    assert.deepEqual([reports[0]?.rows_loaded, reports[0]?.rows_rejected], [3, 2]);
    assert.deepEqual((await stagedRejects()).map(uriOf), reports[0]?.reject_files);
    assert.ok(!(await stagedRejects()).includes(left));
    assert.deepEqual(await place.rows('id, name'), ['1|one', '3|three', '5|five']);
  });

  it('of a launcher that is killed before it has staged anything stay, and the next run has its own', async () => {
    const left = await killedAfterRejects(0, '--concurrency', '1');
    const { code, reports, err } = await place.run();
    assert.equal(code, 3, err);
    assert.match(reports[0]?.notices.join('\n') ?? '', /was given up/);
    assert.deepEqual([reports[0]?.rows_loaded, reports[0]?.rows_rejected], [3, 2]);
    const [own = ''] = reports[0]?.reject_files ?? [];
    assert.deepEqual(new Set((await stagedRejects()).map(uriOf)), new Set([uriOf(left), own]));
    assert.deepEqual(await place.rows('id, name'), ['1|one', '3|three', '5|five']);
  });

  const uploads: readonly [string, FaultAction, number][] = [
    ['whose answer was lost', 'drop-answer', 1],
    ['that the store refused for a while', 503, 2],
  ];
  for (const [what, action, times] of uploads) {
    it(`in an upload ${what} are there once`, async () => {
      await place.configure({ rejects: { max: 2 } });
      place.break({ on: 'rejects.write', nth: 1, action, times });
      const { code, reports, err } = await place.run();
      assert.equal(code, 3, err);
      assert.ok(services.faults.struck);
      assert.deepEqual((await stagedRejects()).map(uriOf), reports[0]?.reject_files);
      assert.equal((await readRejects(reports[0]?.reject_files[0] ?? '')).length, 2);
    });
  }

  it('that may not be written fail the run before anything is published', async () => {
    await place.configure({ rejects: { max: 2 } });
    const refuse = { status: 403, reason: 'forbidden', message: 'no storage.objects.create' };
    place.break({ on: 'rejects.write', nth: 1, action: { refuse }, times: 100 });
    const { code, reports } = await place.run();
    assert.equal(code, 1);
    assert.equal(reports[0]?.error?.code, 'RIGHTS_MISSING');
    assert.deepEqual(await place.rows('id'), []);
    assert.deepEqual(await stagedRejects(), []);
  });
});

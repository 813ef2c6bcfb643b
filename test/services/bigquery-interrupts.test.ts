import assert from 'node:assert/strict';
import { BigQueryServices, BigQueryWorkspace } from './bigquery-workspace';

describe('a run into BigQuery that is interrupted', function () {
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
    await place.file('a.csv', 'id', '1', '2');
    await place.configure({});
  });
  afterEach(async () => {
    await place.remove();
  });

  /** Runs, and sends SIGINT when the request comes by, which is then done all the same. */
  const interruptedAt = async (effect: string) => {
    const host = place.workspace.host();
    place.break({
      on: effect,
      nth: 1,
      action: {
        meanwhile: async () => {
          host.interrupt('SIGINT');
          await new Promise((resolve) => setImmediate(resolve));
        },
      },
    });
    return await place.workspace.beamlift(['run'], host);
  };

  const runFiles = async (): Promise<string[]> =>
    (await place.staged()).filter((name) => name.startsWith('runs/'));

  for (const effect of [
    'part.upload',
    'manifest.write',
    'tableLease.write',
    'commit.write',
    'state.write committing',
  ]) {
    it(`at ${effect}: nothing is published, nothing is left`, async () => {
      const { code, reports, err } = await interruptedAt(effect);
      assert.equal(reports[0]?.status, 'cancelled', err);
      assert.equal(code, 130);
      assert.equal(await place.rows('id'), undefined);
      assert.deepEqual(await runFiles(), []);
      const again = await place.run();
      assert.equal(again.code, 0, again.err);
      assert.deepEqual(await place.rows('id'), ['1', '2']);
    });
  }

  it('while its job is on its way: what the job did is what is told', async () => {
    const { reports, err } = await interruptedAt('job.insert publish');
    const [report] = reports;
    const rows = await place.rows('id');
    if (report?.status === 'success') assert.deepEqual(rows, ['1', '2'], err);
    else {
      assert.equal(report?.status, 'cancelled', err);
      assert.equal(rows, undefined);
    }
    assert.deepEqual(await runFiles(), []);
    const again = await place.run();
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await place.rows('id'), ['1', '2']);
  });

  it('by its timeout', async () => {
    place.break({ on: 'manifest.write', nth: 1, action: { delayMs: 3_000 } });
    const { code, reports, err } = await place.run('--timeout', '1');
    assert.equal(reports[0]?.status, 'timed_out', err);
    assert.equal(code, 124);
    assert.deepEqual(await runFiles(), []);
    const again = await place.run();
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await place.rows('id'), ['1', '2']);
  });

  it('by `runs cancel` from elsewhere', async () => {
    let cancelled: Promise<unknown> | undefined;
    place.break({
      on: 'part.upload',
      nth: 1,
      action: {
        meanwhile: async () => {
          const { out } = await place.workspace.beamlift(['runs', 'list', '--json']);
          const { id } = JSON.parse(out.split('\n')[0] ?? '') as { id: string };
          cancelled = place.workspace.beamlift(['runs', 'cancel', id, '--yes', '--job', place.name]);
          await cancelled;
        },
      },
    });
    const { reports, err } = await place.run();
    assert.ok(cancelled, 'nobody asked');
    assert.equal(reports[0]?.status, 'cancelled', err);
    assert.match(reports[0].error?.why ?? '', /runs cancel/);
    assert.equal(await place.rows('id'), undefined);
    assert.deepEqual(await runFiles(), []);
  });
});

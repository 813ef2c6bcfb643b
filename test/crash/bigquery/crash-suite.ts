import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBigQueryServer } from '../../services/bigquery-server';
import { startGcsServer } from '../../services/gcs-server';
import { startPostgres } from '../../services/postgres-server';
import { isMutation } from '../../fault-proxy/effects';
import { distinctPoints, pointsOf, type CrashPoint } from './crash-matrix';
import { CrashScene, type CrashServers } from './crash-scene';
import { LauncherPool } from './launcher-pool';
import { LOAD_CASES, type LoadCase } from './load-cases';
import { assertExact, assertSuccess } from './oracle';

/** Of the cases of one way of loading, in milliseconds. */
export const PATIENCE_MS = isFullForm() ? 4 * 3_600_000 : 900_000;

/** Cases at a time: as many as the smallest machine has cores. */
export const WIDTH = 2;

/** Whether everything is to be tried, and not only what fits into some minutes. */
export function isFullForm(): boolean {
  const { BEAMLIFT_CRASH_FULL: full } = process.env;
  return full === '1';
}

/** Ways of loading that are tried everywhere: all of them, or one of each kind. */
export function wholeLoads(): readonly LoadCase[] {
  return LOAD_CASES.filter(
    ({ own, bounded }) => own === undefined && (isFullForm() || bounded === undefined),
  );
}

/** Servers and waiting launchers that the cases of one file share. */
export class CrashSuite {
  private scenes = 0;

  private constructor(
    private readonly servers: CrashServers,
    readonly pool: LauncherPool,
    private readonly folder: string,
  ) {}

  /** For a `before` hook; call `stop` in `after`. */
  static async start({ postgres: wanted = false } = {}): Promise<CrashSuite> {
    const postgres = wanted ? await startPostgres() : undefined;
    const gcs = await startGcsServer();
    const bigquery = await startBigQueryServer({ storage: gcs.endpoint });
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-launchers-'));
    return new CrashSuite({ gcs, bigquery, postgres }, new LauncherPool(folder, WIDTH), folder);
  }

  async stop(): Promise<void> {
    await this.pool.stop();
    await this.servers.bigquery.stop();
    await this.servers.gcs.stop();
    await this.servers.postgres?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async withScene<Result>(load: LoadCase, work: (scene: CrashScene) => Promise<Result>): Promise<Result> {
    this.scenes += 1;
    const scene = await CrashScene.create(this.servers, load, `crash_${this.scenes}`);
    try {
      return await work(scene);
    } finally {
      await scene.remove();
    }
  }

  /** Where a run that nothing disturbs changes something; in the full form of the suite, also where it reads if `reads` is set. */
  async cleanPoints(load: LoadCase, { reads = false } = {}): Promise<CrashPoint[]> {
    const effects = await this.cleanEffects(load);
    const { own, bounded = own } = load;
    const isTried = ({ effect }: CrashPoint): boolean => own?.includes(effect) ?? true;
    const points = pointsOf(isFullForm() && reads ? effects : effects.filter(isMutation)).filter(isTried);
    if (isFullForm()) return points;
    return distinctPoints(points).filter(({ effect }) => bounded?.includes(effect) ?? true);
  }

  /** Effects of a run that nothing disturbs, in order. Proves that all that must be among them are. */
  private async cleanEffects(load: LoadCase): Promise<string[]> {
    return await this.withScene(load, async (scene) => {
      assertSuccess(await scene.run());
      const effects = scene.faults.requests.map(({ effect }) => effect);
      await assertExact(scene);
      const missing = load.effects.filter((effect) => !effects.includes(effect));
      assert.deepEqual(missing, [], `among ${effects.join(', ')}`);
      return effects;
    });
  }
}

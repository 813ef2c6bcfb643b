import assert from 'node:assert/strict';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { RunReport } from '../../launcher/report';
import { localConfiguration, Workspace } from '../pipelines/workspace';
import {
  afterRun,
  JOBS,
  NOTHING,
  type JobName,
  type Published,
  type RunFlags,
  type SourceFile,
  type SourceRow,
} from './file-jobs-model';
import { SeededRandom } from './seeded-random';
import { WarmLauncher } from './warm-launcher';

/** The first seed, and how many: more by BEAMLIFT_SEEDS=first:count. */
const [FIRST_SEED = 1, SEEDS = 3] = (process.env['BEAMLIFT_SEEDS'] ?? '1:2').split(':').map(Number);
const STEPS = 12;
const IDS = 40;
/** About as long as a run of these files takes from its first line to its last, in milliseconds. */
const RUN_MS = 450;

/** Jobs over one folder and one warehouse, with whatever happens to them. */
class Scenario {
  readonly history: string[] = [];
  private readonly folder = new Map<string, SourceFile>();
  private readonly published = new Map<JobName, Published>(JOBS.map((job) => [job, NOTHING]));
  private readonly spares: WarmLauncher[] = [];
  private nextRow = 1;
  private nextFile = 2;
  private killed = 0;

  constructor(
    private readonly random: SeededRandom,
    private readonly workspace: Workspace,
  ) {}

  async run(): Promise<void> {
    this.spares.push(WarmLauncher.start(this.workspace.folder));
    await this.writeFile('f1.csv');
    await this.workspace.write(
      'beamlift.yaml',
      localConfiguration(`  appended: { file_pattern: "*.csv", load_type: transactional }
  merged: { file_pattern: "*.csv", load_type: merge, key_columns: [id] }
  replaced: { file_pattern: "*.csv" }`),
    );
    const steps = [
      ...[() => this.changeSource(), () => this.changeSource(), () => this.dropTable()],
      ...[() => this.runOnce(), () => this.runOnce(), () => this.runFlagged()],
      ...[() => this.interrupt(), () => this.timeOut(), () => this.kill(), () => this.kill()],
      ...[() => this.runTwice(), () => this.pause()],
    ];
    for (let step = 0; step < STEPS; step++) {
      await this.random.pick(steps)();
      await this.changeSource();
    }
    await this.mend();
    for (const job of JOBS) await this.expectRun(job, {});
    for (const job of JOBS) await this.expectRun(job, {});
  }

  close(): void {
    for (const spare of this.spares) spare.kill('SIGKILL');
  }

  private note(text: string): void {
    this.history.push(text);
  }

  /** A launcher that has loaded the program; another one begins to. */
  private warmUp(): WarmLauncher {
    const spare = this.spares.shift() ?? WarmLauncher.start(this.workspace.folder);
    this.spares.push(WarmLauncher.start(this.workspace.folder));
    return spare;
  }

  private async changeSource(): Promise<void> {
    const names = [...this.folder.keys()];
    const name = this.random.pick(names);
    switch (this.random.below(7)) {
      case 0:
        await this.writeFile(name);
        break;
      case 1:
        if (names.length < 2) break;
        this.note(`delete ${name}`);
        this.folder.delete(name);
        await rm(this.workspace.path('data', name));
        break;
      case 2: {
        const to = `f${this.nextFile++}.csv`;
        this.note(`rename ${name} to ${to}`);
        const file = this.folder.get(name);
        assert.ok(file);
        this.folder.delete(name);
        this.folder.set(to, file);
        await rename(this.workspace.path('data', name), this.workspace.path('data', to));
        break;
      }
      case 3:
        await this.mend();
        break;
      default:
        await this.writeFile(`f${this.nextFile++}.csv`);
    }
  }

  private async writeFile(name: string, mayBreak = true): Promise<void> {
    const size = this.random.pick([0, 1, 3, 3, 20, 2000]);
    const rows: SourceRow[] = Array.from({ length: size }, () => ({
      id: this.random.below(IDS),
      row: this.nextRow++,
    }));
    const broken = mayBreak && size > 0 && this.random.below(8) === 0;
    const lines = ['id,row', ...rows.map(({ id, row }) => `${id},${row}`), ...(broken ? ['1,2,3'] : [])];
    const file = await this.workspace.write(`data/${name}`, `${lines.join('\n')}\n`);
    const written = new Date(Date.UTC(2025, 0, 1) + this.nextRow * 1000 + this.nextFile);
    await utimes(file, written, written);
    const { size: bytes, mtimeNs } = await stat(file, { bigint: true });
    this.folder.set(name, { version: `${bytes}-${mtimeNs}`, rows, broken });
    this.note(`write ${name}: ${size} rows${broken ? ', broken' : ''}`);
  }

  private async mend(): Promise<void> {
    for (const [name, file] of this.folder) if (file.broken) await this.writeFile(name, false);
  }

  private flags(): RunFlags {
    const flags = this.random.below(3);
    if (flags === 0) return { fullRefresh: true };
    return flags === 1 ? { limit: 1 + this.random.below(4) } : {};
  }

  private async runOnce(): Promise<void> {
    await this.expectRun(this.random.pick(JOBS), {});
  }

  private async runFlagged(): Promise<void> {
    await this.expectRun(this.random.pick(JOBS), this.flags());
  }

  private async expectRun(job: JobName, flags: RunFlags): Promise<void> {
    this.note(`run ${job} ${JSON.stringify(flags)}`);
    const { reports, err } = await this.workspace.beamlift(argumentsOf(job, flags));
    await this.settle(job, flags, reports[0], err);
    const staged = await readdir(this.workspace.path('.beamlift', 'staging')).catch(() => []);
    assert.ok(staged.length <= this.killed, `left in staging: ${staged.join(', ')}`);
  }

  private async interrupt(): Promise<void> {
    const [job, flags] = [this.random.pick(JOBS), this.flags()];
    const after = this.random.below(150);
    this.note(`run ${job} ${JSON.stringify(flags)}, SIGTERM after ${after} ms`);
    const host = this.workspace.host();
    const timer = setTimeout(() => host.interrupt('SIGTERM'), after);
    const { reports, err } = await this.workspace.beamlift(argumentsOf(job, flags), host);
    clearTimeout(timer);
    await this.settle(job, flags, reports[0], err);
  }

  private async timeOut(): Promise<void> {
    const [job, flags] = [this.random.pick(JOBS), this.flags()];
    const seconds = (1 + this.random.below(120)) / 1000;
    this.note(`run ${job} ${JSON.stringify(flags)}, timeout ${seconds} s`);
    const args = [...argumentsOf(job, flags), '--timeout', String(seconds)];
    const { reports, err } = await this.workspace.beamlift(args);
    await this.settle(job, flags, reports[0], err);
  }

  private async kill(): Promise<void> {
    const [job, flags] = [this.random.pick(JOBS), this.flags()];
    const after = this.random.below(RUN_MS);
    this.note(`run ${job} ${JSON.stringify(flags)}, kill -9 after ${after} ms`);
    const launcher = this.warmUp();
    await launcher.run([...argumentsOf(job, flags), '--json']);
    await sleep(after);
    launcher.kill('SIGKILL');
    const { out, err } = await launcher.end();
    this.killed += 1;
    const [report] = reportsOf(out);
    // Killed after its report: then the report is right.
    if (report !== undefined) {
      await this.settle(job, flags, report, err);
      return;
    }
    const before = this.publishedBy(job);
    const expected = afterRun(job, before, this.folder, flags);
    await this.compare(job, expected === 'refused' ? [before] : [before, expected]);
  }

  /** Two launchers of one job: each row is there once, whoever was first. */
  private async runTwice(): Promise<void> {
    const job = this.random.pick(JOBS);
    this.note(`run ${job} twice at once`);
    const launcher = this.warmUp();
    await launcher.run(['run', job, '--json']);
    await sleep(this.random.below(RUN_MS));
    const here = await this.workspace.beamlift(['run', job]);
    const there = await launcher.end();
    const reports = [...here.reports, ...reportsOf(there.out)];
    assert.equal(reports.length, 2, there.err);
    const published = reports.filter(({ status }) => status === 'success');
    const skipped = reports.filter(({ status }) => status === 'skipped');
    const expected = afterRun(job, this.publishedBy(job), this.folder, {});
    if (expected === 'refused') {
      assert.equal(published.length, 0, here.err);
      await this.compare(job, [this.publishedBy(job)]);
      return;
    }
    assert.ok(published.length > 0 && published.length + skipped.length === 2, `${here.err}${there.err}`);
    await this.compare(job, [expected]);
  }

  /** A launcher that sleeps until its lease was taken publishes nothing when it wakes. */
  private async pause(): Promise<void> {
    const job = this.random.pick(JOBS);
    const after = this.random.below(RUN_MS);
    this.note(`run ${job}, SIGSTOP after ${after} ms, another run, SIGCONT`);
    const launcher = this.warmUp();
    await launcher.run(['run', job, '--json']);
    await sleep(after);
    launcher.kill('SIGSTOP');
    let [stopped] = [this.publishedBy(job)];
    try {
      if (await this.write(`UPDATE _beamlift_state SET run_lease_until = now() - INTERVAL 1 HOUR`)) {
        const expected = afterRun(job, stopped, this.folder, {});
        if (expected !== 'refused') stopped = await this.compare(job, [stopped, expected]);
        await this.expectRunAfterPause(job, stopped);
      } else this.note('…which has the warehouse open');
    } finally {
      launcher.kill('SIGCONT');
    }
    const { out, err } = await launcher.end();
    await this.settle(job, {}, reportsOf(out)[0], err);
  }

  private async expectRunAfterPause(job: JobName, stopped: Published): Promise<void> {
    const { reports, err } = await this.workspace.beamlift(['run', job]);
    const expected = afterRun(job, stopped, this.folder, {});
    if (reports[0]?.error?.code === 'DESTINATION_LOCKED') return;
    assert.equal(reports[0]?.status, expected === 'refused' ? 'failure' : 'success', err);
    await this.compare(job, [expected === 'refused' ? stopped : expected]);
  }

  private async dropTable(): Promise<void> {
    const job = this.random.pick(JOBS);
    this.note(`drop ${job}`);
    await this.write(`DROP TABLE IF EXISTS ${job}`);
    const { files } = this.publishedBy(job);
    this.published.set(job, { table: undefined, files });
  }

  /** What a run says is what is there. */
  private async settle(
    job: JobName,
    flags: RunFlags,
    report: RunReport | undefined,
    err: string,
  ): Promise<void> {
    assert.ok(report, err);
    const before = this.publishedBy(job);
    const expected = afterRun(job, before, this.folder, flags);
    const { status } = report;
    this.note(`… ${status} ${report.error?.code ?? ''}`);
    if (status === 'success') {
      assert.notEqual(expected, 'refused', `should have failed: ${err}`);
      await this.compare(job, [expected === 'refused' ? before : expected]);
      return;
    }
    const allowed = ['CANCELLED', 'TIMED_OUT', 'FENCED', ...(expected === 'refused' ? REFUSALS : [])];
    assert.ok(allowed.includes(report.error?.code ?? ''), `${report.error?.what ?? ''}\n${err}`);
    await this.compare(job, [before]);
  }

  private publishedBy(job: JobName): Published {
    return this.published.get(job) ?? NOTHING;
  }

  /** Table and state are those of one candidate, together; that is what is published from now on. */
  private async compare(job: JobName, candidates: readonly Published[]): Promise<Published> {
    const found = await this.read(job);
    const match = candidates.find((candidate) => show(candidate) === found);
    if (match === undefined) assert.equal(found, candidates.map(show).join('\nor\n'), job);
    this.published.set(job, match ?? NOTHING);
    return match ?? NOTHING;
  }

  private async read(job: JobName): Promise<string> {
    const query = async (sql: string) => await this.workspace.query(sql).catch(() => undefined);
    const rows = await query(`SELECT id::VARCHAR, row::VARCHAR FROM ${job}`);
    const state = await query(`SELECT files::VARCHAR FROM _beamlift_state WHERE job = '${job}'`);
    const files = JSON.parse(state?.[0]?.[0] ?? '{}') as Record<string, string>;
    return show({
      table: rows?.map(([id, row]) => ({ id: Number(id), row: Number(row) })),
      files: new Map(Object.entries(files)),
    });
  }

  /** A statement on the warehouse; false: another process has it open. */
  private async write(sql: string): Promise<boolean> {
    const instance = await DuckDBInstance.create(this.workspace.path('warehouse.duckdb')).catch(
      () => undefined,
    );
    if (instance === undefined) return false;
    const connection = await instance.connect();
    try {
      await connection.run(sql).catch((error: unknown) => {
        if (!(error instanceof Error && error.message.includes('does not exist'))) throw error;
      });
      return true;
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

const REFUSALS = ['REJECTS_EXCEEDED', 'PLAN_REFUSED', 'EMPTY_REPLACE'];

function argumentsOf(job: JobName, { fullRefresh = false, limit }: RunFlags): string[] {
  return [
    ...['run', job],
    ...(fullRefresh ? ['--full-refresh'] : []),
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
  ];
}

function reportsOf(out: string): RunReport[] {
  const lines = out.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as RunReport);
}

function show({ table, files }: Published): string {
  const rows = table?.map(({ id, row }) => `${row}:${id}`).sort();
  return `table ${rows?.join(' ') ?? 'none'}; files ${JSON.stringify([...files].sort())}`;
}

describe('exactly once, whatever happens to jobs over files', function () {
  this.timeout(120_000);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    it(`seed ${seed}`, async () => {
      const workspace = await Workspace.create();
      const scenario = new Scenario(new SeededRandom(seed), workspace);
      try {
        await scenario.run();
      } catch (error) {
        throw new Error(`seed ${seed}:\n${scenario.history.join('\n')}`, { cause: error });
      } finally {
        scenario.close();
        await workspace.remove();
      }
    });
  }
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunContext } from '../../../../core/plan';
import { RETRY_POLICIES } from '../../../../core/retry-policies';
import type { RunEvent } from '../../../../pipelines/run-events';
import {
  UnitThreads,
  type StageOptions,
  type UnitThreadsOptions,
} from '../../../../pipelines/threads/unit-threads';
import { fakeContext } from '../fake-equipment';
import { JOURNAL } from './moody-equipment';

/** Not a word of any message. */
export const SECRET = 'swordfish-1234567';

/** Threads over a moody source, and what they tell. */
export class MoodyThreads {
  readonly events: RunEvent[] = [];
  readonly logged: { event: string; fields: unknown }[] = [];
  readonly stop = new AbortController();

  private constructor(
    readonly folder: string,
    readonly threads: UnitThreads,
  ) {}

  static async open(changes: Partial<UnitThreadsOptions> = {}): Promise<MoodyThreads> {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-threads-'));
    const log = (event: string, fields: unknown): void => void opened.logged.push({ event, fields });
    const services = {
      environment: { PASSWORD: SECRET, REFUSED: 'refused' },
      baseFolder: folder,
      inlineSecrets: new Map<string, string>(),
      log: { debug: log, info: log, warn: log, error: log },
    };
    const threads = new UnitThreads({
      threads: 2,
      unitsPerThread: 1,
      services,
      equipmentModule: path.join(__dirname, 'moody-equipment.ts'),
      ...changes,
    });
    const opened: MoodyThreads = new MoodyThreads(folder, threads);
    return opened;
  }

  async close(): Promise<void> {
    await this.threads.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Forgets what was told so far. */
  async clear(): Promise<void> {
    this.events.length = this.logged.length = 0;
    await rm(path.join(this.folder, JOURNAL), { force: true });
  }

  context(changes: Partial<RunContext> = {}, password = '${env:PASSWORD}'): RunContext {
    const made = fakeContext(this.folder, changes);
    const connection = { folder: this.folder, password };
    return { ...made, source: { ...made.source, connection } };
  }

  options(changes: Partial<StageOptions> = {}): StageOptions {
    return {
      listener: (event) => this.events.push(event),
      signal: this.stop.signal,
      retries: { ...RETRY_POLICIES.unit, minDelayMs: 1, maxDelayMs: 1 },
      ...changes,
    };
  }

  /** Lines of the journal, with the numbers of their threads or without. */
  async journal(numbered = false): Promise<string[]> {
    const text = await readFile(path.join(this.folder, JOURNAL), 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    return numbered ? lines : lines.map((line) => line.replace(/^\d+ /, ''));
  }
}

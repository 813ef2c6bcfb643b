import { BeamliftError } from '../core/errors';
import type { RunEvent } from '../pipelines/run-events';
import type { LaunchServices } from './launch-options';
import type { NotedPipeline } from './runs/noted-pipeline';
import { codeVersion } from './version';

/** A look may take so long; a runner that says nothing by then says nothing. In milliseconds. */
const LOOK_MS = 20_000;

/** How far a pipeline is. */
export interface PipelineView {
  /** In the runner's word: `JOB_STATE_RUNNING`; undefined: it did not say in time. */
  readonly state: string | undefined;
  readonly ended: boolean;
  readonly counters: ReadonlyMap<string, number>;
  readonly workers: number | undefined;
}

/** Looks once at a pipeline, without changing anything; undefined: the runner knows of none. Throws what keeps it from being asked. */
export async function lookAtPipeline(
  { runner: name, handle }: NotedPipeline,
  { secrets, environment, log, baseFolder, runners, signal }: Omit<LaunchServices, 'listener'>,
): Promise<PipelineView | undefined> {
  const services = { secrets, environment, log, baseFolder, codeVersion: codeVersion() };
  const equipmentFor = (): never => {
    throw new BeamliftError('INTERNAL', { what: 'A pipeline that is only looked at was to be worked for' });
  };
  const runner = await runners.open(name, { ...services, listener: () => undefined, equipmentFor }, signal);
  try {
    const run = await runner.attach(handle, signal);
    if (run === undefined) return undefined;
    const seen = new AbortController();
    let state: string | undefined;
    let workers: number | undefined;
    let counters: ReadonlyMap<string, number> = new Map();
    const take = (event: RunEvent): void => {
      if (event.kind === 'runner.state') state = event.state;
      if (event.kind === 'runner.workers') workers = event.workers;
      if (event.kind !== 'runner.counters') return;
      counters = event.counters;
      seen.abort();
    };
    const until = AbortSignal.any([signal, seen.signal, AbortSignal.timeout(LOOK_MS)]);
    try {
      const end = await run.follow(take, until);
      return { state, ended: true, counters: end.counters, workers };
    } catch (error) {
      signal.throwIfAborted();
      if (!until.aborted) throw error;
      return { state, ended: false, counters, workers };
    }
  } finally {
    await runner.close();
  }
}

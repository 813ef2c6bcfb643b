import type { BeamliftError } from '../../../core/errors';
import type { Manifest } from '../../../core/manifest';
import type { JsonObject } from '../../../core/plan';
import type { Execution } from '../../../launcher/execute-plan';
import type { LaunchOptions } from '../../../launcher/launch-options';
import type { PipelineEnd, PipelineRequest, PipelineRun } from '../../../pipelines/pipeline-runner';
import type { RunEvent, RunListener } from '../../../pipelines/run-events';
import { fakePlan } from '../cli/fake-engine';

/** What happened, in order, in words. */
export type Calls = string[];

export interface FakePipeline {
  /** How it ends; without it, it goes on until the signal. */
  readonly end?: PipelineEnd;
  /** Units whose manifests are in the staging folder in the end. */
  readonly staged?: readonly string[];
  readonly submitFails?: BeamliftError;
  /** Whether the runner finds it again. */
  readonly isGone?: boolean;
  readonly cancelFails?: boolean;
  /** Its workers are in this process. */
  readonly isBound?: boolean;
  readonly options?: Partial<LaunchOptions>;
  readonly answer?: boolean;
}

export const PLAN = fakePlan('orders', { runner: 'dataflow' });

/** A run whose plan goes to a runner that does what the test says. */
export function fakeExecution(pipeline: FakePipeline) {
  const calls: Calls = [];
  const events: RunEvent[] = [];
  const stop = new AbortController();
  const interrupt = new AbortController();
  const run: PipelineRun = {
    handle: { job_id: 'j-1' },
    id: 'j-1',
    url: 'https://console.example/j-1',
    follow: async (listener: RunListener, signal: AbortSignal) => {
      calls.push('follow');
      listener({ kind: 'runner.state', state: 'RUNNING' });
      if (pipeline.end !== undefined) return await Promise.resolve(pipeline.end);
      return await new Promise((_resolve, reject) => {
        const abort = (): void => reject(signal.reason as Error);
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      });
    },
    cancel: async () => {
      calls.push('cancel');
      await Promise.resolve();
      if (pipeline.cancelFails === true) throw new Error('the runner is gone');
    },
  };
  const runner = {
    runner: 'dataflow' as const,
    outlivesSubmitter: pipeline.isBound !== true,
    preflight: async () => await Promise.resolve([]),
    handleFor: () => ({ name: 'beamlift-orders' }),
    submit: async (request: PipelineRequest, handle: JsonObject) => {
      const { commits, concurrency, plan } = request;
      calls.push(`submit ${JSON.stringify({ handle, commits, concurrency, units: plan.units.length })}`);
      await Promise.resolve();
      if (pipeline.submitFails !== undefined) throw pipeline.submitFails;
      return run;
    },
    attach: async (handle: JsonObject) => {
      calls.push(`attach ${JSON.stringify(handle)}`);
      return await Promise.resolve(pipeline.isGone === true ? undefined : run);
    },
    close: async () => {
      calls.push('close');
      await Promise.resolve();
    },
  };
  const recovery = {
    noteRunner: async (runId: string, noted: JsonObject) => {
      calls.push(`note ${runId} ${JSON.stringify(noted)}`);
      await Promise.resolve();
    },
    manifests: async () =>
      await Promise.resolve((pipeline.staged ?? []).map((unit) => ({ unit }) as unknown as Manifest)),
  };
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined };
  const execution = {
    opened: {
      loader: { recovery },
      extractor: {},
      destination: {},
      job: { name: 'orders', destination: {} },
    },
    options: { concurrency: 3, detach: false, onInterrupt: 'ask', ...pipeline.options },
    recorder: {
      submitted: async (name: string, { id }: PipelineRun) => {
        calls.push(`record ${name} ${id}`);
        await Promise.resolve();
      },
    },
    interrupted: interrupt.signal,
    services: {
      signal: AbortSignal.any([stop.signal, interrupt.signal]),
      listener: (event: RunEvent) => events.push(event),
      log: { ...log, warn: (event: string) => calls.push(`warn ${event}`) },
      runners: { configured: ['dataflow'], open: async () => await Promise.resolve(runner) },
      ...(pipeline.answer === undefined
        ? {}
        : {
            askToLeave: async () => {
              calls.push('ask');
              return await Promise.resolve(pipeline.answer);
            },
          }),
    },
  } as unknown as Execution;
  return { execution, calls, events, stop, interrupt };
}

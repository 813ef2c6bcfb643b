import type { Plan, Runner } from '../core/plan';

/** What a run tells whoever watches it: progress bars, logs, tests. */
export type RunEvent =
  | { kind: 'planned'; plan: Plan }
  | { kind: 'phase.started'; phase: Phase }
  | { kind: 'phase.completed'; phase: Phase; rows?: number; durationSeconds: number }
  | { kind: 'unit.started'; unit: string; attempt: number }
  /** Since the last such event of the unit. */
  | { kind: 'unit.progress'; unit: string; rows: number; sourceBytes: number; stagedBytes: number }
  | { kind: 'unit.completed'; unit: string; rows: number; rejected: number; stagedBytes: number }
  | { kind: 'unit.retried'; unit: string; attempt: number; error: string }
  | RunnerEvent;

/** Of a pipeline that another system runs. */
export type RunnerEvent =
  /** `id`, as the runner's own tools take it. `url`: where people watch it. */
  | { kind: 'runner.submitted'; runner: Runner; id: string; url: string | undefined }
  /** In the runner's word: `JOB_STATE_RUNNING`. Only changes. */
  | { kind: 'runner.state'; state: string }
  | { kind: 'runner.message'; level: 'debug' | 'info' | 'warn' | 'error'; text: string }
  /** Undefined: it does not say. Only changes. */
  | { kind: 'runner.workers'; workers: number | undefined; target: number | undefined }
  /** Counters so far, as `PipelineEnd.counters`; they may go down where a runner takes back what a worker had counted. */
  | { kind: 'runner.counters'; counters: ReadonlyMap<string, number> };

/** The phases of a run, in order. */
export type Phase = 'plan' | 'stage' | 'commit';

/** Called synchronously; must not throw. */
export type RunListener = (event: RunEvent) => void;

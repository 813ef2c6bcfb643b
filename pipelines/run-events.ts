import type { Plan } from '../core/plan';

/** What a run tells whoever watches it: progress bars, logs, tests. */
export type RunEvent =
  | { kind: 'planned'; plan: Plan }
  | { kind: 'phase.started'; phase: Phase }
  | { kind: 'phase.completed'; phase: Phase; rows?: number; durationSeconds: number }
  | { kind: 'unit.started'; unit: string; attempt: number }
  /** Since the last such event of the unit. */
  | { kind: 'unit.progress'; unit: string; rows: number; sourceBytes: number; stagedBytes: number }
  | { kind: 'unit.completed'; unit: string; rows: number; rejected: number; stagedBytes: number }
  | { kind: 'unit.retried'; unit: string; attempt: number; error: string };

/** The phases of a run, in order. */
export type Phase = 'plan' | 'stage' | 'commit';

/** Called synchronously; must not throw. */
export type RunListener = (event: RunEvent) => void;

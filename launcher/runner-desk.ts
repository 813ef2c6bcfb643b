import { BeamliftError } from '../core/errors';
import type { SourceServices } from '../core/extractor';
import type { Runner, RunContext } from '../core/plan';
import type { PipelineRunner } from '../pipelines/pipeline-runner';
import type { RunListener } from '../pipelines/run-events';
import type { UnitEquipment } from '../pipelines/run-unit';

/** Runners with workers of their own. */
export type PipelineRunnerName = PipelineRunner['runner'];

/** What a runner may use of the process that submits to it. */
export interface SubmitterServices extends SourceServices {
  readonly codeVersion: string;
  /** For a runner whose workers are this very process: what it has open for the job. */
  readonly equipmentFor: (context: RunContext, signal: AbortSignal) => Promise<UnitEquipment>;
  readonly listener: RunListener;
}

/** The runners that a configuration describes. */
export interface RunnerDesk {
  readonly configured: readonly PipelineRunnerName[];
  /** Throws USAGE for one that is not configured, and RUNNER_UNUSABLE for one that cannot be used. To be closed. */
  open(runner: PipelineRunnerName, services: SubmitterServices, signal: AbortSignal): Promise<PipelineRunner>;
}

export function isPipelineRunner(runner: Runner): runner is PipelineRunnerName {
  return runner === 'portable' || runner === 'dataflow';
}

/** `--runner` names one that the configuration does not describe. */
export function notConfigured(runner: PipelineRunnerName): BeamliftError {
  return new BeamliftError('USAGE', {
    what: `The runner ${runner} is not configured`,
    hint: `Describe it in the configuration, under runners: ${runner}; docs/configuration.md has its keys. Without a runner of its own, a job of any size runs in process.`,
  });
}

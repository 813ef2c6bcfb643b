import type { JsonObject, JsonValue } from '../../core/plan';
import type { PipelineRunner } from '../../pipelines/pipeline-runner';
import type { RunRecord } from './run-store';

/** The pipeline that a record tells of. */
export interface NotedPipeline {
  readonly runner: PipelineRunner['runner'];
  readonly id: string;
  readonly url: string | undefined;
  readonly handle: JsonObject;
}

/** Undefined: the run has none, or none that this version understands. By hand: commands load no schema library before they need one. */
export function notedPipeline({ report }: RunRecord): NotedPipeline | undefined {
  const noted = report?.['runner_job'];
  if (!isObject(noted)) return undefined;
  const { runner, id, url, handle } = noted;
  if (runner !== 'portable' && runner !== 'dataflow') return undefined;
  if (typeof id !== 'string' || !isObject(handle)) return undefined;
  return { runner, id, url: typeof url === 'string' ? url : undefined, handle };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import '../sdk-entry';
import { createHash } from 'node:crypto';
import { Pipeline as PipelineType } from 'apache-beam/proto/beam_runner_api';
import { BeamliftError } from '../../../core/errors';
import type { PipelineRequest } from '../../pipeline-runner';
import { pipelineProto } from '../portable/pipeline-proto';
import { applySdkRepairs } from '../repairs/apply-sdk-repairs';
import type { PipelineFacts } from './job-request';

/** A pipeline as it is uploaded, and what the job says about it. */
export interface UploadedPipeline {
  readonly bytes: Uint8Array;
  readonly facts: PipelineFacts;
}

/** The pipeline of a run with every step in the image, which has all code: nothing else is staged. `workers`: at most so many. */
export function dataflowPipeline(request: PipelineRequest, image: string, workers: number): UploadedPipeline {
  applySdkRepairs();
  const proto = pipelineProto(request, '', { kind: 'docker', image }, workers);
  const used = new Set(Object.values(proto.components?.transforms ?? {}).map((step) => step.environmentId));
  const environments = Object.entries(proto.components?.environments ?? {})
    .filter(([id]) => used.has(id))
    .map(([id, { capabilities }]) => ({ id, image, capabilities }));
  if (environments.length === 0) {
    throw new BeamliftError('INTERNAL', { what: 'The pipeline has no environment' });
  }
  const bytes = PipelineType.toBinary(proto);
  return { bytes, facts: { hash: createHash('sha256').update(bytes).digest('hex'), environments } };
}

import '../sdk-entry';
import { Pipeline } from 'apache-beam/internal/pipeline';
import {
  DockerPayload,
  Environment,
  ExternalPayload,
  ProcessPayload,
  type Pipeline as PipelineProto,
} from 'apache-beam/proto/beam_runner_api';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import { Root } from 'apache-beam/pvalue';
import type { JsonObject } from '../../../core/plan';
import type { PipelineRequest } from '../../pipeline-runner';
import { runGraph } from '../graph';

/** The environments of the Beam model, by what their payload is. */
export type ProtoEnvironment =
  | { readonly kind: 'process'; readonly command: string }
  | { readonly kind: 'external'; readonly address: string; readonly params: Record<string, string> }
  | { readonly kind: 'docker'; readonly image: string };

/**
 * The pipeline of a run as runners take it, with every step in the given environment. It has no dependencies, so that there are no
 * artifacts to be staged: environments have the code. `workers`: the runner starts at most so many, as far as is known.
 */
export function pipelineProto(
  { plan, commits, concurrency }: PipelineRequest,
  scope: string,
  environment: ProtoEnvironment,
  workers?: number,
): PipelineProto {
  const pipeline = new Pipeline();
  const known = workers === undefined ? {} : { workers };
  runGraph(plan, { scope, commits, concurrency, ...known })(new Root(pipeline));
  const proto = pipeline.getProto();
  const environments = proto.components?.environments ?? {};
  for (const id of Object.keys(environments)) {
    const { capabilities = [] } = environments[id] ?? {};
    environments[id] = Environment.create({ ...encoded(environment), capabilities });
  }
  return proto;
}

/** Options as job services take them: `beam:option:parallelism:v1`; numberOfExecutionRetries is number_of_execution_retries. */
export function optionsStruct(options: JsonObject): Struct {
  return Struct.fromJson(
    Object.fromEntries(
      Object.entries(options).map(([name, value]) => [`beam:option:${inSnakeCase(name)}:v1`, value]),
    ),
  );
}

function inSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function encoded(environment: ProtoEnvironment): { urn: string; payload: Uint8Array } {
  switch (environment.kind) {
    case 'process':
      return {
        urn: 'beam:env:process:v1',
        payload: ProcessPayload.toBinary({ os: '', arch: '', command: environment.command, env: {} }),
      };
    case 'external':
      return {
        urn: 'beam:env:external:v1',
        payload: ExternalPayload.toBinary(
          ExternalPayload.create({ endpoint: { url: environment.address }, params: environment.params }),
        ),
      };
    case 'docker':
      return {
        urn: 'beam:env:docker:v1',
        payload: DockerPayload.toBinary({ containerImage: environment.image }),
      };
  }
}

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import '../../pipelines/beam/sdk-entry';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { JobService, PrepareJobResponse, type PrepareJobRequest } from 'apache-beam/proto/beam_job_api';
import { ArtifactStagingService } from 'apache-beam/proto/beam_artifact_api';
import { PortableRunner } from 'apache-beam/runners/portable_runner/runner';
import { Runner } from 'apache-beam/runners/runner';
import { openPortableRunner } from '../../pipelines/beam/portable/open-portable-runner';
import { pipelineProto } from '../../pipelines/beam/portable/pipeline-proto';
import type { PipelineRequest } from '../../pipelines/pipeline-runner';
import { fakeContext, unit } from '../unit/pipelines/fake-equipment';

type Service = Pick<typeof JobService, 'typeName' | 'methods'>;

/** The SDK has clients of these services only. */
function definitionOf({ typeName, methods }: Service): ServiceDefinition {
  return Object.fromEntries(
    methods.map(({ name, localName, clientStreaming, serverStreaming, I, O }) => [
      localName,
      {
        path: `/${typeName}/${name}`,
        requestStream: clientStreaming,
        responseStream: serverStreaming,
        requestSerialize: (value: object) => Buffer.from(I.toBinary(value)),
        requestDeserialize: (bytes: Buffer): unknown => I.fromBinary(bytes),
        responseSerialize: (value: object) => Buffer.from(O.toBinary(value)),
        responseDeserialize: (bytes: Buffer): unknown => O.fromBinary(bytes),
      },
    ]),
  );
}

/** A job service that offers to stage artifacts, and never says what it wants: Prism. */
class FakeJobService {
  readonly prepared: PrepareJobRequest[] = [];
  readonly run: string[] = [];
  private readonly server = new Server();
  endpoint = '';

  async start(): Promise<void> {
    this.server.addService(definitionOf(JobService), {
      prepare: (
        { request }: ServerUnaryCall<PrepareJobRequest, PrepareJobResponse>,
        answer: sendUnaryData<PrepareJobResponse>,
      ) => {
        this.prepared.push(request);
        const artifactStagingEndpoint = { url: this.endpoint };
        answer(null, PrepareJobResponse.create({ preparationId: 'p-1', artifactStagingEndpoint }));
      },
      run: (
        { request }: ServerUnaryCall<{ preparationId: string }, { jobId: string }>,
        answer: sendUnaryData<{ jobId: string }>,
      ) => {
        this.run.push(request.preparationId);
        answer(null, { jobId: 'job-1' });
      },
      getJobs: (_call: unknown, answer: sendUnaryData<object>) => answer(null, { jobInfo: [] }),
    });
    this.server.addService(definitionOf(ArtifactStagingService), {
      reverseArtifactRetrievalService: () => undefined,
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.endpoint = `localhost:${port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

describe('submitting to a job service', () => {
  const request: PipelineRequest = {
    plan: { context: fakeContext('/staging'), units: [unit('a')] },
    commits: false,
    concurrency: 2,
  };
  const image = { kind: 'docker', image: 'beamlift:test' } as const;
  let service: FakeJobService;
  beforeEach(async () => {
    service = new FakeJobService();
    await service.start();
  });
  afterEach(() => {
    service.stop();
  });

  async function submit(): Promise<void> {
    const runner = await openPortableRunner(
      {
        endpoint: service.endpoint,
        environment: `docker:${image.image}`,
        pipeline_options: { parallelism: 7 },
      },
      {
        codeVersion: 'test',
        equipmentFor: async () => {
          throw new Error('nothing runs here');
        },
        listener: () => undefined,
      },
    );
    const { signal } = new AbortController();
    try {
      const run = await runner.submit(request, runner.handleFor(request.plan.context), signal);
      assert.equal(run.id, 'job-1');
    } finally {
      await runner.close();
    }
  }

  it('does not wait for artifacts, of which there are none (portable_runner/runner.js:313)', async () => {
    await submit();
    assert.deepEqual(service.run, ['p-1']);

    const { debug } = console;
    console.debug = () => undefined;
    try {
      const theirs = new PortableRunner({ jobEndpoint: service.endpoint });
      const hangs = theirs.runPipelineWithProto(pipelineProto(request, '', image), {});
      hangs.catch(() => undefined);
      while (service.prepared.length < 2) await sleep(5);
      assert.equal(await Promise.race([hangs.then(() => 'runs'), sleep(200, 'hangs')]), 'hangs');
      assert.equal(service.run.length, 1);
    } finally {
      console.debug = debug;
    }
  });

  it('gives the runner its options (runner.js:165)', async () => {
    await submit();
    const sent = service.prepared[0]?.pipelineOptions;
    assert.ok(sent !== undefined);
    assert.equal(sent.fields['beam:option:parallelism:v1']?.kind.oneofKind, 'numberValue');

    const given: unknown[] = [];
    class Listening extends Runner {
      override async runPipeline(...parameters: Parameters<Runner['runPipeline']>): Promise<never> {
        given.push(parameters[1]);
        throw new Error('no further');
      }
    }
    const theirs = new Listening().runAsync(() => undefined as never, { parallelism: 7 });
    await assert.rejects(theirs, /no further/);
    assert.deepEqual(given, [undefined]);
  });
});

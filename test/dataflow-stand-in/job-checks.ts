import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A refusal of the service, in the form of Google's errors. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export const REGIONS = ['us-central1', 'europe-central2'];

const wholeNumber = z.int();
const text = z.string().min(1);

/** What the service reads of a job, and the types it insists on. Members that it does not know are refused. */
const jobSchema = z.strictObject({
  name: z.string().regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/),
  type: z.literal('JOB_TYPE_BATCH'),
  clientRequestId: text,
  labels: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/)),
  environment: z.strictObject({
    userAgent: z.strictObject({ name: text, version: text }),
    version: z.strictObject({ job_type: z.literal('FNAPI_BATCH'), major: z.literal('8') }),
    experiments: z.array(text).refine((names) => names.includes('use_runner_v2')),
    serviceOptions: z.array(text).optional(),
    serviceAccountEmail: text.optional(),
    serviceKmsKeyName: text.optional(),
    tempStoragePrefix: z.string().startsWith('storage.googleapis.com/'),
    clusterManagerApiService: text,
    dataset: text,
    sdkPipelineOptions: z.strictObject({
      options: z.looseObject({ pipelineUrl: z.string().startsWith('gs://'), pipelineProtoHash: text }),
      display_data: z.array(z.strictObject({ key: text, namespace: text, type: text, value: z.json() })),
    }),
    workerPools: z.tuple([
      z.strictObject({
        kind: z.literal('harness'),
        numWorkers: wholeNumber.optional(),
        autoscalingSettings: z.strictObject({ algorithm: text, maxNumWorkers: wholeNumber }),
        machineType: text.optional(),
        diskSizeGb: wholeNumber.optional(),
        network: text.optional(),
        subnetwork: text.optional(),
        ipConfiguration: z.enum(['WORKER_IP_PUBLIC', 'WORKER_IP_PRIVATE']).optional(),
        numThreadsPerWorker: wholeNumber,
        taskrunnerSettings: z.json(),
        sdkHarnessContainerImages: z
          .array(
            z.strictObject({
              containerImage: text,
              environmentId: text,
              useSingleCorePerContainer: z.boolean(),
              capabilities: z.array(text),
            }),
          )
          .min(1),
        workerHarnessContainerImage: text.optional(),
      }),
    ]),
  }),
});
export type AcceptedJob = z.infer<typeof jobSchema>;

/** A job that the service would take, with its pipeline. Throws Refusal. `storage`: the endpoint of a Cloud Storage. */
export async function checkJob(
  body: string,
  storage: string,
): Promise<{ job: AcceptedJob; pipeline: Buffer }> {
  if (/":\s*-?\d+\.\d/.test(body))
    throw new Refusal(400, 'badRequest', 'Invalid value: a number is not an integer');
  const parsed = jobSchema.safeParse(JSON.parse(body));
  if (!parsed.success) throw new Refusal(400, 'badRequest', z.prettifyError(parsed.error));
  const job = parsed.data;
  const { options } = job.environment.sdkPipelineOptions;
  const temp = job.environment.tempStoragePrefix.split('/')[1] ?? '';
  const bucket = await fetch(`${storage}/storage/v1/b/${temp}`);
  if (!bucket.ok) {
    throw new Refusal(
      400,
      'badRequest',
      `(5f1c): The workflow could not be created. Causes: (8a2b): Unable to access the temp location gs://${temp}: the bucket was not found`,
    );
  }
  const [, name = '', object = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(options.pipelineUrl) ?? [];
  const answer = await fetch(`${storage}/storage/v1/b/${name}/o/${encodeURIComponent(object)}?alt=media`);
  if (!answer.ok) throw new Refusal(400, 'badRequest', `(5f1c): Unable to read ${options.pipelineUrl}`);
  const pipeline = Buffer.from(await answer.arrayBuffer());
  if (createHash('sha256').update(pipeline).digest('hex') !== options.pipelineProtoHash) {
    throw new Refusal(400, 'badRequest', `(5f1c): ${options.pipelineUrl} does not match pipelineProtoHash`);
  }
  return { job, pipeline };
}

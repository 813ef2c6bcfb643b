import '../sdk-entry';
import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { ProcessBundleResponse, type ProcessBundleDescriptor } from 'apache-beam/proto/beam_fn_api';
import type { MultiplexingDataChannel } from 'apache-beam/worker/data';
import { Worker, type BundleProcessor } from 'apache-beam/worker/worker';
import { BeamliftError } from '../../../core/errors';
import { errorText } from '../error-text';
import { applySdkRepairs } from '../repairs/apply-sdk-repairs';
import { isAbortable } from '../repairs/bundle-lifecycle';
import { MetricIds } from './metric-ids';

/** How long the runner has to end the control channel once it was asked to, in milliseconds; then it is cut. */
const GOODBYE_MS = 1_000;

export interface SdkWorkerOptions {
  /** As the runner calls this worker. */
  readonly id: string;
  /** Where the runner gives its workers their work, as `host:port`. */
  readonly controlEndpoint: string;
  /** What the runner is told of a bundle that failed: `errorText`, where nothing else is said. */
  readonly failureText?: (error: unknown) => string;
}

/** Why a worker has no control channel any more. */
export interface WorkerEnd {
  /** Undefined: the runner, or `stop`, ended it. Else the connection broke, or there never was one. */
  readonly error: BeamliftError | undefined;
  /** Whether the runner has asked for anything. */
  readonly served: boolean;
}

/** A worker of a runner in this process. */
export interface SdkWorker {
  /** Resolves when the control channel has ended, for whatever reason, and nothing of its bundles runs any more. Never rejects. */
  readonly ended: Promise<WorkerEnd>;
  /** Stops the bundles and hangs up. Resolves with `ended`. Safe to call again. */
  stop(): Promise<void>;
}

/**
 * Lets a runner use this process as one of its workers; what it can run was registered before (`registerRunSteps`).
 *
 * In place of the SDK's `worker/worker_main.js`, which serves until it is killed: `Worker.wait` (`worker/worker.js:152`) is a timer of
 * eleven days that the end of the control channel does not touch, so that workers of a job that is over stay behind as orphans.
 * Throws RUNNER_UNUSABLE for another version of the SDK than the repaired one.
 */
export function startSdkWorker(options: SdkWorkerOptions): SdkWorker {
  applySdkRepairs();
  const worker = new ServingWorker({ failureText: errorText, ...options });
  return { ended: worker.ended, stop: async () => await worker.leave() };
}

interface BundleRequest {
  readonly instructionId: string;
  readonly request: { readonly processBundle: { readonly processBundleDescriptorId: string } };
}

/** The SDK's worker, with an end. */
class ServingWorker extends Worker {
  readonly ended: Promise<WorkerEnd>;
  private readonly bundles = new Set<Promise<void>>();
  private readonly metricIds = new MetricIds();
  private served = false;
  private leaving = false;

  constructor(private readonly options: Required<SdkWorkerOptions>) {
    super(options.id, { controlUrl: options.controlEndpoint });
    this.metricsShortIdCache = this.metricIds;
    // The SDK's own listener prints a line and closes half of what is open.
    this.controlChannel.removeAllListeners('end');
    this.controlChannel.on('data', () => {
      this.served = true;
    });
    this.ended = new Promise<StatusObject>((resolve) => {
      this.controlChannel.on('status', resolve);
    }).then(async (last) => await this.close(controlError(last, options.controlEndpoint, this.leaving)));
  }

  /**
   * One bundle. In place of `Worker.process` (`worker/worker.js:242`), which asks for the bundle's descriptor without the header
   * `worker_id` (Prism refuses that), prints every failure, and tells the runner no more of an error than its first line.
   */
  override async process({ instructionId, request }: BundleRequest): Promise<void> {
    const bundle = this.run(instructionId, request.processBundle.processBundleDescriptorId);
    this.bundles.add(bundle);
    try {
      await bundle;
    } finally {
      this.bundles.delete(bundle);
    }
  }

  override getDataChannel(endpoint: string): MultiplexingDataChannel {
    const known = this.dataChannels.has(endpoint);
    const channel = super.getDataChannel(endpoint);
    if (!known) {
      // The SDK's own listener prints the error (`worker/data.js:153`) and leaves the bundles waiting for data that never comes.
      channel.dataChannel.removeAllListeners('error');
      channel.dataChannel.on('error', (error: ServiceError) => this.failBundles(lost(error.message)));
    }
    return channel;
  }

  async leave(): Promise<void> {
    this.leaving = true;
    this.failBundles(lost('It was told to stop.'));
    await Promise.allSettled(this.bundles);
    this.stop();
    const cut = setTimeout(() => this.controlChannel.cancel(), GOODBYE_MS);
    try {
      await this.ended;
    } finally {
      clearTimeout(cut);
    }
  }

  /** Never rejects: how it ended is the answer. */
  private async run(instructionId: string, descriptorId: string): Promise<void> {
    try {
      const processor = await this.processorOf(descriptorId);
      this.activeBundleProcessors.set(instructionId, processor);
      await processor.process(instructionId);
      const monitoringData = this.metricIds.ofBundle(processor.monitoringData(this.metricIds));
      const processBundle = ProcessBundleResponse.create({
        monitoringInfos: Array.from(monitoringData, ([id, payload]) =>
          this.metricIds.asMonitoringInfo(id, payload),
        ),
        monitoringData: Object.fromEntries(monitoringData),
      });
      await this.respond({
        instructionId,
        error: '',
        response: { oneofKind: 'processBundle', processBundle },
      });
      this.returnBundleProcessor(processor);
    } catch (thrown) {
      const error = this.options.failureText(thrown);
      await this.respond({ instructionId, error, response: { oneofKind: undefined } });
    } finally {
      this.activeBundleProcessors.delete(instructionId);
      this.forget(instructionId);
    }
  }

  private async processorOf(descriptorId: string): Promise<BundleProcessor> {
    if (!this.processBundleDescriptors.has(descriptorId)) {
      this.processBundleDescriptors.set(descriptorId, withoutWindows(await this.descriptor(descriptorId)));
    }
    return this.aquireBundleProcessor(descriptorId);
  }

  private async descriptor(processBundleDescriptorId: string): Promise<ProcessBundleDescriptor> {
    const metadata = new Metadata();
    metadata.add('worker_id', this.options.id);
    return await new Promise((resolve, reject) => {
      this.controlClient.getProcessBundleDescriptor(
        { processBundleDescriptorId },
        metadata,
        (error, descriptor) => {
          if (descriptor === undefined) reject(error ?? lost('The runner knows no such bundle.'));
          else resolve(descriptor);
        },
      );
    });
  }

  /** Those that wait for data learn that there will be no more of it, those that work on it stop. */
  private failBundles(error: BeamliftError): void {
    for (const { consumers } of this.dataChannels.values()) {
      for (const consumer of [...consumers.values()].flatMap((ofBundle) => [...ofBundle.values()])) {
        consumer.onError(error);
      }
    }
    for (const { topologicallyOrderedOperators: operators } of this.activeBundleProcessors.values()) {
      for (const operator of operators.filter(isAbortable)) void operator.abortBundle(error);
    }
  }

  /** `worker/data.js` keeps a table for each bundle for ever. */
  private forget(bundle: string): void {
    for (const { consumers } of this.dataChannels.values()) consumers.delete(bundle);
  }

  private async close(error: BeamliftError | undefined): Promise<WorkerEnd> {
    this.failBundles(error ?? lost('The job is over.'));
    await Promise.allSettled(this.bundles);
    for (const channel of this.dataChannels.values()) {
      channel.close();
      channel.dataClient.close();
    }
    for (const { stateChannel, stateClient } of this.stateChannels.values()) {
      stateChannel.end();
      stateClient.close();
    }
    this.controlClient.close();
    return { error, served: this.served };
  }
}

const WINDOWED_VALUES = ['beam:coder:windowed_value:v1', 'beam:coder:param_windowed_value:v1'];

/** Dataflow gives collections the coder of windowed values, where the SDK (`worker/worker.js:61`) expects the coder of the values. */
function withoutWindows(descriptor: ProcessBundleDescriptor): ProcessBundleDescriptor {
  for (const collection of Object.values(descriptor.pcollections)) {
    const coder = descriptor.coders[collection.coderId];
    const [value] = coder?.componentCoderIds ?? [];
    if (value !== undefined && WINDOWED_VALUES.includes(coder?.spec?.urn ?? '')) collection.coderId = value;
  }
  return descriptor;
}

function lost(why: string): BeamliftError {
  return new BeamliftError('CONNECTION_LOST', { what: 'This worker is given no more data', why });
}

function controlError(
  { code, details }: StatusObject,
  endpoint: string,
  leaving: boolean,
): BeamliftError | undefined {
  if (code === status.OK || (leaving && code === status.CANCELLED)) return undefined;
  return new BeamliftError('RUNNER_UNUSABLE', {
    what: `The runner at ${endpoint} no longer answers its worker`,
    why: details,
    hint: 'The runner ended, or the network between them broke. The runner’s own log says more.',
  });
}

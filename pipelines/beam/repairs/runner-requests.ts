import '../sdk-entry';
import type {
  InstructionRequest,
  InstructionResponse,
  ProcessBundleSplitRequest,
} from 'apache-beam/proto/beam_fn_api';
import { Worker, type BundleProcessor } from 'apache-beam/worker/worker';
import { messageOf } from '../../../core/errors';
import { replaceMethod } from './replace-method';

type Response = InstructionResponse['response'];

/**
 * `worker/worker.js:158`, Worker.handleRequest, in three ways:
 * - `:158` and `:220` print every request, progress requests included, which the runner takes for the worker's log;
 * - `:168` has no answer to MonitoringInfos requests: runners that ask for the meaning of a metric's short id (Prism) show no counters;
 * - `:211` ends in a TypeError at a progress request for a bundle that has just ended, and answers a split request for one with an error;
 *   both are normal and the runner must be told so.
 */
export function repairRunnerRequests(): void {
  replaceMethod<Worker, [InstructionRequest], Promise<unknown>>(
    Worker.prototype,
    'handleRequest',
    () =>
      async function ({ instructionId, request }) {
        const answer = (response: Response, error = ''): boolean =>
          this.controlChannel.write({ instructionId, error, response });
        try {
          switch (request.oneofKind) {
            case 'processBundle':
              await this.process({ instructionId, request });
              return undefined;
            case 'processBundleProgress':
              return answer(progressOf(this, request.processBundleProgress.instructionId));
            case 'processBundleSplit':
              return answer(splitOf(this, request.processBundleSplit));
            case 'monitoringInfos':
              return answer(meaningsOf(this, request.monitoringInfos.monitoringInfoId));
            default:
              return answer(
                NOTHING,
                `beamlift's worker does not know the instruction ${request.oneofKind ?? ''}`,
              );
          }
        } catch (thrown) {
          return answer(NOTHING, messageOf(thrown));
        }
      },
  );
}

const NOTHING: Response = { oneofKind: undefined };

function progressOf({ activeBundleProcessors, metricsShortIdCache }: Worker, bundle: string): Response {
  const monitoringData =
    activeBundleProcessors.get(bundle)?.monitoringData(metricsShortIdCache) ?? new Map<string, Uint8Array>();
  return {
    oneofKind: 'processBundleProgress',
    processBundleProgress: {
      monitoringInfos: Array.from(monitoringData, ([id, payload]) =>
        metricsShortIdCache.asMonitoringInfo(id, payload),
      ),
      monitoringData: Object.fromEntries(monitoringData),
    },
  };
}

function splitOf({ activeBundleProcessors }: Worker, wanted: ProcessBundleSplitRequest): Response {
  const running: BundleProcessor | undefined = activeBundleProcessors.get(wanted.instructionId);
  return {
    oneofKind: 'processBundleSplit',
    processBundleSplit: running?.split(wanted) ?? {
      primaryRoots: [],
      residualRoots: [],
      channelSplits: [],
    },
  };
}

function meaningsOf({ metricsShortIdCache }: Worker, ids: readonly string[]): Response {
  return {
    oneofKind: 'monitoringInfos',
    monitoringInfos: {
      monitoringInfo: Object.fromEntries(ids.map((id) => [id, metricsShortIdCache.asMonitoringInfo(id)])),
    },
  };
}

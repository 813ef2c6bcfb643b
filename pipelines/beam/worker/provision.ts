import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import { ProvisionServiceClient } from 'apache-beam/proto/beam_provision_api.grpc-client';
import { GetProvisionInfoRequest, ProvisionInfo } from 'apache-beam/proto/beam_provision_api';
import { BeamliftError } from '../../../core/errors';
import type { BootFlags } from './boot-flags';

/** How long a runner may take until its provision service answers, in milliseconds. */
const PATIENCE_MS = 120_000;

/** What a container is to do. */
export interface Provision {
  readonly controlEndpoint: string;
  readonly loggingEndpoint: string | undefined;
  /** One worker process for each. */
  readonly workerIds: readonly string[];
  /** Files that the runner would have installed. The image has all there is, so there should be none. */
  readonly dependencies: number;
}

/**
 * Asks the runner, where it offers that, what this container is for. What it answers wins over the flags, as in the containers of the other
 * SDKs. Throws RUNNER_UNUSABLE where it does not answer, and USAGE where nobody says where the control endpoint is.
 */
export async function provisionOf(flags: BootFlags): Promise<Provision> {
  const info =
    flags.provisionEndpoint === undefined ? undefined : await ask(flags.provisionEndpoint, flags.id);
  const controlEndpoint = info?.controlEndpoint?.url ?? flags.controlEndpoint;
  if (controlEndpoint === undefined) {
    throw new BeamliftError('USAGE', {
      what: 'The runner says nowhere where its control endpoint is',
      hint: 'It must be a flag (--control_endpoint), or in the answer of --provision_endpoint.',
    });
  }
  return {
    controlEndpoint,
    loggingEndpoint: info?.loggingEndpoint?.url ?? flags.loggingEndpoint,
    workerIds: [flags.id, ...(info?.siblingWorkerIds ?? [])],
    dependencies: info?.dependencies.length ?? 0,
  };
}

async function ask(endpoint: string, workerId: string): Promise<ProvisionInfo> {
  const client = new ProvisionServiceClient(endpoint, ChannelCredentials.createInsecure(), {}, {});
  const metadata = new Metadata({ waitForReady: true });
  // Runners know by it who is asking.
  metadata.add('worker_id', workerId);
  try {
    return await new Promise((resolve, reject) => {
      client.getProvisionInfo(
        GetProvisionInfoRequest.create({}),
        metadata,
        { deadline: Date.now() + PATIENCE_MS },
        (error, answer) => {
          if (error === null) resolve(answer?.info ?? ProvisionInfo.create({}));
          else reject(refused(endpoint, error.message));
        },
      );
    });
  } finally {
    client.close();
  }
}

function refused(endpoint: string, why: string): BeamliftError {
  return new BeamliftError('RUNNER_UNUSABLE', {
    what: `The runner's provision service at ${endpoint} does not answer`,
    why,
    hint: 'The runner has ended, or this machine cannot reach it.',
  });
}

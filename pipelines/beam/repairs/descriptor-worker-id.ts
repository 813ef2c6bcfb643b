import '../sdk-entry';
import { Metadata } from '@grpc/grpc-js';
import { Worker } from 'apache-beam/worker/worker';
import { replaceMethod } from './replace-method';

type Fetch = (request: unknown, ...rest: unknown[]) => unknown;

/** What the repair uses of the SDK's Worker, `id` being private there. */
interface WorkerParts {
  readonly id: string;
  readonly controlClient: { getProcessBundleDescriptor: Fetch };
}

/**
 * `worker/worker.js:247`, Worker.process: the descriptor of a bundle is asked for without the header `worker_id`, which every other call
 * has. Prism refuses the call ("failed to find worker id in metadata"), and no bundle ever runs.
 */
export function repairDescriptorWorkerId(): void {
  replaceMethod<WorkerParts, [unknown], Promise<void>>(
    Worker.prototype,
    'process',
    (process) =>
      async function (request) {
        const { controlClient, id } = this;
        if (!Object.hasOwn(controlClient, 'getProcessBundleDescriptor')) {
          const fetch = controlClient.getProcessBundleDescriptor.bind(controlClient);
          controlClient.getProcessBundleDescriptor = (wanted, callback) => {
            const metadata = new Metadata();
            metadata.add('worker_id', id);
            return fetch(wanted, metadata, callback);
          };
        }
        await process.call(this, request);
      },
  );
}

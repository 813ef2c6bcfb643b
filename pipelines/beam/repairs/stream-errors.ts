import '../sdk-entry';
import type { EventEmitter } from 'node:events';
import { BeamFnControlClient, BeamFnLoggingClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import { replaceMethod } from './replace-method';

/**
 * `worker/worker.js:129` and `worker/logging.js:137`: the control and the logging stream have no listener for errors, and Node.js ends a
 * process whose stream fails unheard. A runner that hangs up (the job failed, or was cancelled) so kills the worker; with the worker in
 * the launcher's own process, it kills the launcher.
 * Repaired: the streams have a listener. It does nothing: who starts a worker listens to `controlChannel` and ends it.
 */
export function repairStreamErrors(): void {
  hearErrors(BeamFnControlClient.prototype, 'control');
  hearErrors(BeamFnLoggingClient.prototype, 'logging');
}

function hearErrors(client: object, method: string): void {
  replaceMethod<unknown, unknown[], EventEmitter>(
    client,
    method,
    (open) =>
      function (...args) {
        return open.apply(this, args).on('error', () => undefined);
      },
  );
}

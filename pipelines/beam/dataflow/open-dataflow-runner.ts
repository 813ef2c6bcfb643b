import { openDataflowApi } from '../../../core/clients/dataflow';
import { openGcsBucket } from '../../../core/clients/gcs';
import { openGoogleLogin } from '../../../core/clients/google-login';
import { SYSTEM_CLOCK } from '../../../core/clients/system-clock';
import type { Clock } from '../../../core/clock';
import type { SourceServices } from '../../../core/extractor';
import type { RetryPolicy } from '../../../core/retry-policies';
import type { PipelineRunner } from '../../pipeline-runner';
import { checkSdkVersion, installedSdkVersion } from '../sdk-version';
import { DataflowRunner } from './dataflow-runner';
import type { DataflowOptions } from './options';
import { PACE, type Pace } from './watch-job';

/** What of the submitting process is used. */
export interface DataflowServices extends Pick<SourceServices, 'secrets' | 'environment' | 'log'> {
  /** For tests, as all that follows. */
  readonly clock?: Clock;
  readonly pace?: Pace;
  readonly retry?: RetryPolicy;
  readonly fetch?: typeof fetch;
}

/**
 * Dataflow, as the options describe it. No request is made yet. This module does not load the Beam SDK, which takes a second; submitting
 * does. Throws RUNNER_UNUSABLE where the SDK is not there in the right version, SECRET_UNRESOLVED, LOGIN_FAILED for credentials that
 * cannot be read, CONFIG_INVALID for endpoints that cannot be used.
 */
export async function openDataflowRunner(
  options: DataflowOptions,
  services: DataflowServices,
  signal: AbortSignal,
): Promise<PipelineRunner> {
  checkSdkVersion(await installedSdkVersion());
  const { secrets, environment, log, retry, fetch: fetchUrl, clock = SYSTEM_CLOCK, pace = PACE } = services;
  const { credentials: written, impersonate, endpoint, storage_endpoint: storageEndpoint } = options;
  const credentials = written === undefined ? undefined : await secrets.resolve(written, signal);
  const common = {
    log,
    ...(retry === undefined ? {} : { retry }),
    ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
  };
  const login = await openGoogleLogin(
    {
      environment,
      ...(credentials === undefined ? {} : { credentials, origin: '`credentials` of runners: dataflow' }),
      ...(impersonate === undefined ? {} : { impersonate }),
      ...(fetchUrl === undefined ? {} : { fetch: fetchUrl }),
    },
    signal,
  );
  return new DataflowRunner(options, {
    api: openDataflowApi({ ...common, login, ...(endpoint === undefined ? {} : { endpoint }) }),
    bucketOf: async (bucket) =>
      await openGcsBucket({
        ...common,
        login,
        environment,
        bucket,
        ...(storageEndpoint === undefined ? {} : { endpoint: storageEndpoint }),
      }),
    clock,
    pace,
  });
}

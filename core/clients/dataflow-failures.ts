import { BeamliftError } from '../errors';
import type { DataflowPlace } from './dataflow-api';
import { codeOfFailure, GoogleServiceFailure, mayPass, type GoogleCall } from './google-failures';

/** The words for an API that nobody has switched on. */
const DISABLED = /has not been used in project|it is disabled|SERVICE_DISABLED/i;
const ACT_AS = /actAs|act as/i;
/** How the service speaks of a region that it has not; paths of resources in a region are not meant. */
const REGION = /\b(?:region|regional endpoint|location)s?\b/i;
const PATH = /\S*\/\S*/g;
const STORAGE = /gs:\/\/|\bbucket\b|\btemp_?location\b|temporary|pipeline\.pb/i;
const QUOTA = /quota|too many (?:running )?jobs|limit for active jobs/i;

/** What the hint has to know besides. */
interface Told {
  readonly what: string;
  readonly hint: string | undefined;
}

/** A failure of Dataflow's service in words for people: RUNNER_UNUSABLE with what to do. */
export function dataflowError(
  failure: GoogleServiceFailure,
  { action, object }: Pick<GoogleCall, 'action' | 'object'>,
  place: DataflowPlace,
): BeamliftError {
  const { what, hint } = tell(failure, action, place);
  return new BeamliftError('RUNNER_UNUSABLE', {
    what,
    where: { object },
    why: failure.message,
    ...(hint === undefined ? {} : { hint }),
    cause: failure,
  });
}

/** Whether a call that ended with this error may succeed later. */
export function mayPassLater(error: unknown): boolean {
  return (
    error instanceof BeamliftError && error.cause instanceof GoogleServiceFailure && mayPass(error.cause)
  );
}

function tell(failure: GoogleServiceFailure, action: string, { project, region }: DataflowPlace): Told {
  const { status, reason, message } = failure;
  if (reason === 'accessNotConfigured' || (status === 403 && DISABLED.test(message))) {
    return {
      what: `The Dataflow API is not enabled in project ${project}`,
      hint: `Enable it, with that of Compute Engine: \`gcloud services enable dataflow.googleapis.com compute.googleapis.com --project ${project}\`.`,
    };
  }
  if (status === 429 || (status !== undefined && status < 500 && QUOTA.test(message))) {
    return {
      what: `Dataflow refused: a quota of project ${project} is used up`,
      hint: `The quota is named above. Wait until other jobs have ended, use fewer or smaller workers (max_num_workers, machine_type), or ask for more at https://console.cloud.google.com/iam-admin/quotas?project=${project}.`,
    };
  }
  if (status === 403) {
    return {
      what: `Dataflow: this login may not ${action}`,
      hint: ACT_AS.test(message)
        ? 'Grant the login roles/iam.serviceAccountUser on the service account of the workers (service_account_email).'
        : `Grant the login roles/dataflow.developer on project ${project}, and roles/iam.serviceAccountUser on the service account of the workers.`,
    };
  }
  if (
    (status === 400 || status === 404) &&
    !STORAGE.test(message) &&
    REGION.test(message.replaceAll(PATH, ''))
  ) {
    return {
      what: `Dataflow does not run in region ${region}`,
      hint: 'Correct `region` under runners: dataflow; https://cloud.google.com/dataflow/docs/resources/locations lists the regions.',
    };
  }
  const what = `Dataflow: could not ${action}`;
  if (status === 404) {
    return STORAGE.test(message)
      ? { what, hint: 'Check temp_location and staging_location: buckets are never created.' }
      : { what, hint: 'Check `project` and `region` under runners: dataflow.' };
  }
  return { what, hint: hintByCode(failure) };
}

function hintByCode(failure: GoogleServiceFailure): string | undefined {
  if (failure.status === 400) {
    return STORAGE.test(failure.message)
      ? 'Check temp_location and staging_location, and whether the service account of the workers may read and write there.'
      : 'The words of the service name what it refuses; correct it under runners: dataflow.';
  }
  switch (codeOfFailure(failure)) {
    case 'LOGIN_FAILED':
      return 'Renew the login: `gcloud auth application-default login` for a person, a new key file for a service account; then run again.';
    case 'DESTINATION_UNAVAILABLE':
      return 'It was tried several times. Run the job again; https://status.cloud.google.com shows outages.';
    case 'CONNECTION_DNS':
    case 'CONNECTION_REFUSED':
    case 'CONNECTION_TLS':
      return 'Check `endpoint` under runners: dataflow where one is set, and the network.';
    default:
      return undefined;
  }
}

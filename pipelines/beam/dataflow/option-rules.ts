/** The form that Dataflow's own clients ask of job names. */
export const JOB_NAME = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
export const JOB_NAME_RULE =
  'a job name has lower-case letters, digits and -, begins with a letter and does not end with -';
/** In characters, of `job_name`: the rest of a job's name is the id of the run. */
export const MAX_GIVEN_JOB_NAME = 60;

/** A job has 64 at most, and one is ours. */
export const MAX_LABELS = 63;
export const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
export const LABEL_KEY_RULE =
  'the name of a label has up to 63 lower-case letters, digits, _ and -, and begins with a letter';
export const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
export const LABEL_VALUE_RULE = 'the value of a label has up to 63 lower-case letters, digits, _ and -';

export const MACHINE_TYPE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;
export const SERVICE_ACCOUNT = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
/** `name`, or `name=value`. */
export const EXPERIMENT = /^[A-Za-z][\w.-]*(?:=[^\s]+)?$/;
export const KMS_KEY = /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+$/;
/** A name, or the path of a network of another project. */
export const NETWORK =
  /^(?:(?:https:\/\/[^/\s]+\/compute\/v1\/)?projects\/[^/\s]+\/global\/networks\/)?[a-z][-a-z0-9]*$/;

const REGION = /^[a-z]+(?:-[a-z]+)+\d+$/;
const SUBNETWORK =
  /^(?:(?:https:\/\/[^/\s]+\/compute\/v1\/)?projects\/[^/\s]+\/)?regions\/([^/\s]+)\/subnetworks\/[a-z][-a-z0-9]*$/;

/** Why a text is no region; undefined: it has the form of one. */
export function regionProblem(text: string): string | undefined {
  if (REGION.test(text)) return undefined;
  const region = /^(.+\d)-[a-z]$/.exec(text)?.[1];
  if (region !== undefined && REGION.test(region)) return `${text} is a zone; its region is ${region}`;
  if (/^(?:us|eu|europe|asia)$/i.test(text)) {
    return 'Dataflow runs in a region such as europe-central2, not in a location of several regions';
  }
  return 'expected a region such as europe-central2';
}

/** Why a text cannot be the subnetwork of workers in a region; undefined: it can. */
export function subnetworkProblem(text: string, region: string): string | undefined {
  const found = SUBNETWORK.exec(text)?.[1];
  if (found === undefined) {
    return `expected regions/${region}/subnetworks/NAME, or https://www.googleapis.com/compute/v1/projects/PROJECT/regions/${region}/subnetworks/NAME`;
  }
  return found === region ? undefined : `the subnetwork is in ${found}, and the job in ${region}`;
}

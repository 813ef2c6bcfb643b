import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { parseSecretText } from '../../core/secret-references';

/** Parameters of a URL; the others are its project and its dataset. */
const PARAMETERS: readonly string[] = [
  'staging',
  'location',
  'credentials',
  'impersonate',
  'endpoint',
  'staging_endpoint',
  'billing_project',
];

/**
 * `bigquery://project/dataset?staging=gs://bucket/prefix&location=EU`, as fields. Secret references (`credentials=${file:key.json}`) may
 * stand in it as they are; everything else is percent-decoded. Undefined: not a URL of BigQuery. Throws USAGE, without showing the URL.
 */
export function parseBigqueryUrl(url: string): JsonObject | undefined {
  const match = /^bigquery:\/\/([^/?]*)\/?([^/?]*)\/?(?:\?(.*))?$/is.exec(url);
  if (match === null) {
    if (/^bigquery:/i.test(url)) throw wrongUrl('it is not of that form');
    return undefined;
  }
  const [, project = '', dataset = '', query = ''] = match;
  if (project === '' || dataset === '') throw wrongUrl('it names no project and dataset');
  const fields = new Map([
    ['project', decode(project, 'project')],
    ['dataset', decode(dataset, 'dataset')],
  ]);
  for (const parameter of query.split('&').filter((part) => part !== '')) {
    const equals = parameter.indexOf('=');
    const name = parameter.slice(0, Math.max(equals, 0));
    if (!PARAMETERS.includes(name)) throw wrongUrl(`it may have ${PARAMETERS.join(', ')} behind the ?`);
    if (fields.has(name)) throw wrongUrl(`${name} is there twice`);
    fields.set(name, decode(parameter.slice(equals + 1), name));
  }
  if (!fields.has('staging')) throw wrongUrl('staging is missing: the bucket that rows are loaded from');
  return Object.fromEntries(fields);
}

/** The parts that are no references. */
function decode(raw: string, name: string): string {
  const { parts, problems } = parseSecretText(raw);
  const [problem] = problems;
  if (problem !== undefined) throw wrongUrl(problem);
  try {
    return parts
      .map((part) =>
        typeof part === 'string' ? decodeURIComponent(part).replaceAll('${', () => '$${') : part.text,
      )
      .join('');
  } catch {
    throw wrongUrl(
      `the percent signs in ${name} are not followed by two hexadecimal digits (a percent sign itself is %25)`,
    );
  }
}

function wrongUrl(why: string): BeamliftError {
  return new BeamliftError('USAGE', {
    what: 'The BigQuery URL cannot be read',
    why,
    hint: 'Write bigquery://project/dataset?staging=gs://bucket/prefix.',
  });
}

/** A bucket, and what the names of all objects in it begin with: empty, or with a slash at its end. */
export interface StagingPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/** Longest prefix, in characters: names of objects have 1,024 bytes, and what stands behind the prefix has up to 500. */
const MAX_PREFIX = 400;

const STAGING = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/([A-Za-z0-9_.=\-/]*))?$/;

export const STAGING_RULE =
  'expected gs://bucket/prefix; the prefix has letters, digits, _ . = - and single slashes';

/** Reads `gs://bucket/prefix`; undefined: it is none, or one whose prefix would lead elsewhere. */
export function parseStaging(text: string): StagingPlace | undefined {
  const match = STAGING.exec(text);
  if (match === null) return undefined;
  const [, bucket = '', path = ''] = match;
  const prefix = path.replace(/\/$/, '');
  if (prefix === '') return path === '' ? { bucket, prefix: '' } : undefined;
  if (prefix.length > MAX_PREFIX) return undefined;
  return prefix.split('/').some((piece) => /^\.{0,2}$/.test(piece))
    ? undefined
    : { bucket, prefix: `${prefix}/` };
}

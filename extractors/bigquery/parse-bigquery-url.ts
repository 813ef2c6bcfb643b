import { bigqueryConnectionSchema } from '../../core/clients/bigquery-connection';
import { BeamliftError } from '../../core/errors';
import type { JsonObject, JsonValue } from '../../core/plan';
import { parseSecretText } from '../../core/secret-references';

const NUMBERS: ReadonlySet<string> = new Set(['maximum_bytes_billed', 'connect_timeout']);

/**
 * `bigquery://project/dataset[/table]?billing_project=mine`, as the fields of a connection and the table. Secret references
 * (`credentials=${file:key.json}`) may stand in it as they are; everything else is percent-decoded. Undefined: not a URL of BigQuery.
 * Throws USAGE, without showing the URL.
 */
export function parseBigquerySourceUrl(
  url: string,
): { connection: JsonObject; object?: { pattern: string } } | undefined {
  if (!/^bigquery:/i.test(url)) return undefined;
  const match = /^bigquery:\/\/([^/?]*)(?:\/([^/?]*))?(?:\/([^/?]*))?\/?(?:\?(.*))?$/is.exec(url);
  if (match === null) throw wrongUrl('it is not of that form');
  const [, project = '', dataset = '', table = '', query = ''] = match;
  if (project === '') throw wrongUrl('it names no project');
  const fields = new Map<string, JsonValue>([['project', decode(project, 'project')]]);
  if (dataset !== '') fields.set('dataset', decode(dataset, 'dataset'));
  for (const parameter of query.split('&').filter((part) => part !== '')) {
    const equals = parameter.indexOf('=');
    if (equals < 0) throw wrongUrl('a parameter behind the ? has no value');
    const name = parameter.slice(0, equals);
    if (fields.has(name)) throw wrongUrl(`${name} is there twice`);
    const value = decode(parameter.slice(equals + 1), name);
    fields.set(name, NUMBERS.has(name) ? Number(value) : value);
  }
  const connection = Object.fromEntries(fields);
  const checked = bigqueryConnectionSchema.safeParse(connection);
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim());
    throw wrongUrl(problems.join('; '));
  }
  return { connection, ...(table === '' ? {} : { object: { pattern: decode(table, 'table') } }) };
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
    hint: 'Write bigquery://project/dataset?billing_project=project.',
  });
}

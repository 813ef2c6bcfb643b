import { POSTGRES_SECRET_FIELDS } from '../../core/clients/postgres-connection';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { parsePostgresUrl } from '../../extractors/postgres/parse-postgres-url';
import { gcsRunStoreSchema, postgresRunStoreSchema, sqliteRunStoreSchema } from '../runs/run-store-spec';
import type { EndpointRole } from './endpoint-modules';

/** The kinds of run stores, read from the configuration as connections and destinations are. */
export const RUN_STORE_ROLE: EndpointRole = {
  noun: 'run store',
  typeKeys: ['type'],
  modules: [
    {
      type: 'sqlite',
      aliases: [],
      title: 'sqlite: and a path, as in sqlite:.beamlift/runs.db',
      schema: sqliteRunStoreSchema,
      secretFields: [],
      pathFields: ['path'],
      parseUrl: (url) => {
        const file = /^sqlite:(.+)$/s.exec(url)?.[1];
        return file === undefined ? undefined : fieldsOf({ path: file });
      },
    },
    {
      type: 'postgresql',
      aliases: ['postgres'],
      title: 'postgres://user@host/database?schema=…',
      schema: postgresRunStoreSchema,
      secretFields: [...POSTGRES_SECRET_FIELDS],
      pathFields: [],
      parseUrl: parsePostgresStoreUrl,
    },
    {
      type: 'gcs',
      aliases: ['gs'],
      title: 'gs://bucket/prefix',
      schema: gcsRunStoreSchema,
      secretFields: ['credentials'],
      pathFields: [],
      parseUrl: parseGcsUrl,
    },
  ],
  announced: [],
};

interface UrlFields {
  readonly fields: JsonObject;
  readonly pattern: undefined;
}

function fieldsOf(fields: JsonObject): UrlFields {
  return { fields, pattern: undefined };
}

/** As the source's URL, with one parameter more: `schema`. */
function parsePostgresStoreUrl(url: string): UrlFields | undefined {
  const question = url.indexOf('?');
  const parameters = question < 0 ? [] : url.slice(question + 1).split('&');
  const isSchema = (parameter: string): boolean => parameter.startsWith('schema=');
  const rest = parameters.filter((parameter) => !isSchema(parameter));
  const server = question < 0 ? url : url.slice(0, question);
  const parsed = parsePostgresUrl(rest.length === 0 ? server : `${server}?${rest.join('&')}`);
  if (parsed === undefined) return undefined;
  const schema = parameters.find(isSchema)?.slice('schema='.length);
  return fieldsOf({
    ...parsed.connection,
    ...(schema === undefined ? {} : { schema: decodeSchema(schema) }),
  });
}

function decodeSchema(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    throw new BeamliftError('USAGE', {
      what: 'The percent signs in schema are not followed by two hexadecimal digits (a percent sign itself is %25)',
    });
  }
}

function parseGcsUrl(url: string): UrlFields | undefined {
  if (!/^gs:/i.test(url)) return undefined;
  const match = /^gs:\/\/([^/?#]+)(?:\/([^?#]*))?$/.exec(url);
  const [, bucket, prefix = ''] = match ?? [];
  if (bucket === undefined) {
    throw new BeamliftError('USAGE', {
      what: 'The URL is not of the form gs://bucket/prefix',
      hint: 'Credentials and endpoint are fields: { url: "gs://bucket/prefix", credentials: …, endpoint: … }.',
    });
  }
  return fieldsOf({ bucket, ...(prefix === '' ? {} : { prefix }) });
}

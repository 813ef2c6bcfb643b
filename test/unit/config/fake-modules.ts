import { z } from 'zod';
import { BeamliftError } from '../../../core/errors';
import type { SourceModule } from '../../../core/extractor';
import type { DestinationModule } from '../../../core/loader';
import type { ConfigurationModules } from '../../../launcher/config/endpoint-modules';

function unused(): never {
  throw new Error('configuration opens nothing');
}

/** A database whose connection has every kind of field. */
export const fakeDatabase = {
  type: 'postgresql',
  aliases: ['postgres'],
  title: 'a database',
  category: 'database',
  connectionSchema: z.strictObject({
    host: z.string().min(1).describe('Name or address of the server.'),
    port: z.int().min(1).max(65_535).optional().describe('Port of the server.'),
    database: z.string().min(1).describe('Name of the database.'),
    user: z.string().optional().describe('Name of the login.'),
    password: z.string().optional().describe('Password of the login.'),
    sslmode: z.enum(['disable', 'require', 'verify-full']).optional().describe('How TLS is used.'),
    ssl_ca: z.string().optional().describe('Certificate authority.'),
  }),
  secretFields: ['password'],
  parseUrl: (url) => {
    if (!/^postgres(ql)?:/.test(url)) return undefined;
    const match = /^[a-z]+:\/\/(?:([^:@]*)(?::(.*))?@)?([^:/@]+)(?::(\d+))?\/([^?]*)$/.exec(url);
    if (match === null) throw new BeamliftError('USAGE', { what: `cannot read ${url}` });
    const [, user, password, host = '', port, database = ''] = match;
    return {
      connection: {
        host,
        database,
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
        ...(port === undefined ? {} : { port: Number(port) }),
      },
    };
  },
  open: unused,
  check: unused,
  discover: unused,
} as const satisfies SourceModule;

export const fakeFolder = {
  type: 'local',
  aliases: [],
  title: 'a folder',
  category: 'files',
  connectionSchema: z.strictObject({ path: z.string().min(1).describe('The folder.') }),
  secretFields: [],
  pathFields: ['path'],
  parseUrl: (url) => {
    if (!/^(file:|\.|\/)/.test(url)) return undefined;
    const path = url.replace(/^file:/, '');
    const cut = path.search(/[^/]*\*/);
    if (cut < 0) return { connection: { path } };
    return { connection: { path: path.slice(0, cut) || '.' }, object: { pattern: path.slice(cut) } };
  },
  open: unused,
  check: unused,
  discover: unused,
} as const satisfies SourceModule;

export const fakeWarehouse: DestinationModule = {
  type: 'duckdb',
  title: 'a warehouse file',
  embedded: true,
  configSchema: z.strictObject({
    path: z.string().min(1).describe('The file.'),
    schema: z.string().min(1).optional().describe('The schema of tables.'),
    token: z.string().optional().describe('A secret.'),
  }),
  secretFields: ['token'],
  pathFields: ['path'],
  createTableByDefault: true,
  jobKeys: [],
  stagingFormat: () => ({ format: 'ndjson', reason: undefined }),
  rules: {
    decimal: { maxPrecision: 38, maxScale: 38 },
    unboundedDecimal: { precision: 38, scale: 9 },
    nonFiniteFloat: true,
    infiniteInstant: true,
    dateRange: [0n, 1n],
    instantRange: [0n, 1n],
    nullInArray: true,
    nestedArray: true,
    nulCharacter: true,
    names: {
      maxLength: 100,
      allowed: undefined,
      mayStartWithDigit: true,
      reservedPrefixes: [],
      caseInsensitive: true,
    },
  },
  ndjson: {
    bytes: 'hex',
    json: 'string',
    zone: '+00',
    eraSuffix: ' (BC)',
    floatAsNumber: false,
  },
  typeFor: unused,
  parseUrl: (url) => (url.startsWith('duckdb:') ? { path: url.slice('duckdb:'.length) } : undefined),
  open: unused,
  check: unused,
};

export const FAKE_MODULES: ConfigurationModules = {
  sources: [fakeDatabase, fakeFolder],
  destinations: [fakeWarehouse],
};

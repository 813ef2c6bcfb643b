import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { BeamliftError, systemCode } from '../errors';
import type { SourceServices } from '../extractor';
import type { MysqlConnection } from './mysql-connection';
import type { SslMode } from './postgres-connection';

/** A load that hangs tells nobody anything. */
const DEFAULT_CONNECT_TIMEOUT_SECONDS = 10;
const DEFAULT_PORT = 3306;

/** A connection with every default and secret filled in. Never logged, never part of a plan. */
export interface MysqlSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string | undefined;
  readonly user: string;
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly connectTimeoutMs: number;
}

/**
 * Fills in what a connection leaves out. Resolves secret references, so it is called when a connection is about to be opened,
 * and not before. Throws SECRET_UNRESOLVED, and CONFIG_INVALID where no user can be found.
 */
export async function resolveMysqlSettings(
  connection: MysqlConnection,
  services: SourceServices,
  signal: AbortSignal,
): Promise<MysqlSettings> {
  const resolve = async (text: string | undefined): Promise<string | undefined> =>
    text === undefined ? undefined : await services.secrets.resolve(text, signal);
  const pem = async (field: 'ssl_ca' | 'ssl_cert' | 'ssl_key'): Promise<string | undefined> => {
    const text = await resolve(connection[field]);
    return text === undefined ? undefined : await pemText(field, text, services.baseFolder);
  };
  const [ca, cert, key] = [await pem('ssl_ca'), await pem('ssl_cert'), await pem('ssl_key')];
  return {
    host: (await resolve(connection.host)) ?? 'localhost',
    port: connection.port ?? DEFAULT_PORT,
    database: await resolve(connection.database),
    user: (await resolve(connection.user)) ?? operatingSystemUser(),
    password: (await resolve(connection.password)) ?? services.environment['MYSQL_PWD'],
    sslMode: connection.sslmode ?? 'prefer',
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    connectTimeoutMs: 1000 * (connection.connect_timeout ?? DEFAULT_CONNECT_TIMEOUT_SECONDS),
  };
}

function operatingSystemUser(): string {
  try {
    return userInfo().username;
  } catch {
    throw new BeamliftError('CONFIG_INVALID', {
      what: 'The connection names no user, and the operating system knows no name for this one',
      hint: 'Add `user` to the connection.',
    });
  }
}

/** A PEM text as it is; anything else is the path of a file that holds one. */
async function pemText(field: string, text: string, baseFolder: string): Promise<string> {
  if (text.includes('-----BEGIN ')) return text;
  try {
    return await readFile(path.resolve(baseFolder, text), 'utf8');
  } catch (error) {
    throw new BeamliftError('SECRET_UNRESOLVED', {
      what: `${field} is neither a PEM text nor a file that can be read`,
      why: systemCode(error) ?? 'unknown',
      hint: `Write \${file:path} with the path of a PEM file.`,
    });
  }
}

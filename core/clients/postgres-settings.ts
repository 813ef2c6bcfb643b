import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { BeamliftError } from '../errors';
import type { SourceServices } from '../extractor';
import { operatingSystemUser } from './operating-system-user';
import { pemText } from './pem-text';
import { lookUpPgpass } from './pgpass';
import { SSL_MODES, type CopyReaderKind, type PostgresConnection, type SslMode } from './postgres-connection';
import { resolveSshSettings } from './ssh-settings';
import { SshTunnel } from './ssh-tunnel';

/** libpq waits for ever where nothing is configured; a load that hangs tells nobody anything. */
const DEFAULT_CONNECT_TIMEOUT_SECONDS = 10;
const DEFAULT_PORT = 5432;

/** A connection with every default and secret filled in. Never logged, never part of a plan. */
export interface PostgresSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined: none is known; an error then, only if the server asks for one. */
  readonly password: string | undefined;
  /** Why a password file was not used. */
  readonly passwordFileIgnored: string | undefined;
  readonly sslMode: SslMode;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
  readonly options: string | undefined;
  readonly copyReader: CopyReaderKind;
  /** What the connections go through; whoever resolved the settings closes it. It opens nothing before it is used. */
  readonly tunnel: SshTunnel | undefined;
}

/**
 * Fills in what a connection leaves out, in libpq's order: the configuration, PG* variables, password file, defaults.
 * Resolves secret references, so it is called when a connection is about to be opened, and not before.
 * Throws SECRET_UNRESOLVED, and CONFIG_INVALID for variables or files that make no sense.
 */
export async function resolvePostgresSettings(
  connection: PostgresConnection,
  services: SourceServices,
  signal: AbortSignal,
): Promise<PostgresSettings> {
  const { environment, secrets } = services;
  const resolve = async (text: string | undefined): Promise<string | undefined> =>
    text === undefined ? undefined : await secrets.resolve(text, signal);
  const variable = (name: string): string | undefined => environment[name] || undefined;

  const host = (await resolve(connection.host)) ?? variable('PGHOST') ?? 'localhost';
  const port = connection.port ?? portVariable(variable('PGPORT'));
  const user =
    (await resolve(connection.user)) ??
    variable('PGUSER') ??
    operatingSystemUser('Add `user` to the connection, or set PGUSER.');
  const database = (await resolve(connection.database)) ?? variable('PGDATABASE') ?? user;
  const home = variable('HOME') ?? homedir();
  const base = { baseFolder: services.baseFolder, home };
  const given = (await resolve(connection.password)) ?? variable('PGPASSWORD');
  const answer =
    given === undefined
      ? await lookUpPgpass(variable('PGPASSFILE') ?? path.join(home, '.pgpass'), {
          host,
          port,
          database,
          user,
        })
      : { password: given };
  if (answer.ignored !== undefined)
    services.log.warn('postgres.password_file.ignored', { reason: answer.ignored });

  const pem = async (
    field: 'ssl_ca' | 'ssl_cert' | 'ssl_key',
    fallback: string,
  ): Promise<string | undefined> => {
    const text = (await resolve(connection[field])) ?? variable(fallback);
    return text === undefined ? undefined : await pemText(field, text, base);
  };
  const ca =
    (await pem('ssl_ca', 'PGSSLROOTCERT')) ?? (await readIfThere(path.join(home, '.postgresql', 'root.crt')));
  const cert = await pem('ssl_cert', 'PGSSLCERT');
  const key = await pem('ssl_key', 'PGSSLKEY');
  const connectTimeoutMs =
    1000 * (connection.connect_timeout ?? timeoutVariable(variable('PGCONNECT_TIMEOUT')));
  const ssh =
    connection.ssh && (await resolveSshSettings(connection.ssh, services, base, connectTimeoutMs, signal));
  return {
    host,
    port,
    database,
    user,
    password: answer.password,
    passwordFileIgnored: answer.ignored,
    sslMode: connection.sslmode ?? sslModeVariable(variable('PGSSLMODE')),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    connectTimeoutMs,
    applicationName: (await resolve(connection.application_name)) ?? variable('PGAPPNAME') ?? 'beamlift',
    options: (await resolve(connection.options)) ?? variable('PGOPTIONS'),
    copyReader: connection.copy_reader ?? 'socket',
    tunnel: ssh && new SshTunnel(ssh),
  };
}

function portVariable(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw badVariable('PGPORT', text, 'a port number, such as 5432');
}

function timeoutVariable(text: string | undefined): number {
  if (text === undefined) return DEFAULT_CONNECT_TIMEOUT_SECONDS;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw badVariable('PGCONNECT_TIMEOUT', text, 'a number of seconds above 0');
}

function sslModeVariable(text: string | undefined): SslMode {
  if (text === undefined) return 'prefer';
  const mode = SSL_MODES.find((candidate) => candidate === text);
  if (mode !== undefined) return mode;
  throw badVariable('PGSSLMODE', text, `one of ${SSL_MODES.join(', ')}`);
}

function badVariable(name: string, text: string, expected: string): BeamliftError {
  return new BeamliftError('CONFIG_INVALID', {
    what: `The environment variable ${name} is "${text}", which is not ${expected}`,
    hint: `Correct or unset ${name}, or say it in the connection.`,
  });
}

async function readIfThere(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}

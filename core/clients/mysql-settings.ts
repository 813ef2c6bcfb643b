import { homedir } from 'node:os';
import type { SourceServices } from '../extractor';
import { sslModeOf, type MysqlConnection } from './mysql-connection';
import { operatingSystemUser } from './operating-system-user';
import { pemText } from './pem-text';
import type { SslMode } from './postgres-connection';
import { resolveSshSettings } from './ssh-settings';
import { SshTunnel } from './ssh-tunnel';

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
  /** What the connections go through; whoever resolved the settings closes it. It opens nothing before it is used. */
  readonly tunnel: SshTunnel | undefined;
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
  const base = { baseFolder: services.baseFolder, home: services.environment['HOME'] || homedir() };
  const pem = async (field: 'ssl_ca' | 'ssl_cert' | 'ssl_key'): Promise<string | undefined> => {
    const text = await resolve(connection[field]);
    return text === undefined ? undefined : await pemText(field, text, base);
  };
  const [ca, cert, key] = [await pem('ssl_ca'), await pem('ssl_cert'), await pem('ssl_key')];
  const connectTimeoutMs = 1000 * (connection.connect_timeout ?? DEFAULT_CONNECT_TIMEOUT_SECONDS);
  const ssh =
    connection.ssh && (await resolveSshSettings(connection.ssh, services, base, connectTimeoutMs, signal));
  return {
    host: (await resolve(connection.host)) ?? 'localhost',
    port: connection.port ?? DEFAULT_PORT,
    database: await resolve(connection.database),
    user: (await resolve(connection.user)) ?? operatingSystemUser('Add `user` to the connection.'),
    password: (await resolve(connection.password)) ?? services.environment['MYSQL_PWD'],
    sslMode: sslModeOf(connection.sslmode ?? 'prefer'),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    connectTimeoutMs,
    tunnel: ssh && new SshTunnel(ssh),
  };
}

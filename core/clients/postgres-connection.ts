import { z } from 'zod';
import { SSH_SECRET_FIELDS, sshConnectionSchema } from './ssh-connection';

/** libpq's words; docs: https://www.postgresql.org/docs/current/libpq-ssl.html */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Who reads rows from the socket: beamlift, into one buffer, or the driver's own streams. */
const COPY_READERS = ['socket', 'plain'] as const;
export type CopyReaderKind = (typeof COPY_READERS)[number];

/** What a connection to PostgreSQL is configured with, as a source and as a destination. Every text may be a secret reference. */
export const postgresConnectionSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name or address of the server, or the folder of its unix socket (begins with /). Default: PGHOST, then localhost.',
    ),
  port: z.int().min(1).max(65_535).optional().describe('Default: PGPORT, then 5432.'),
  database: z.string().min(1).optional().describe('Default: PGDATABASE, then the name of the user.'),
  user: z.string().min(1).optional().describe('Default: PGUSER, then the name of the operating system user.'),
  password: z
    .string()
    .optional()
    .describe(
      'Better a reference, such as ${env:SHOP_PASSWORD}. Default: PGPASSWORD, then PGPASSFILE or ~/.pgpass.',
    ),
  sslmode: z
    .enum(SSL_MODES)
    .optional()
    .describe(
      'As in libpq: prefer encrypts where the server can, require always, verify-ca also checks who signed the certificate, verify-full also its host name. Default: PGSSLMODE, then prefer.',
    ),
  ssl_ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Certificate authority to trust: PEM text, ${file:ca.pem}, or a path. Default: PGSSLROOTCERT, ~/.postgresql/root.crt, then the authorities that Node.js trusts.',
    ),
  ssl_cert: z
    .string()
    .min(1)
    .optional()
    .describe("The client's certificate: PEM text, ${file:client.crt}, or a path."),
  ssl_key: z
    .string()
    .min(1)
    .optional()
    .describe("The client's private key: ${file:client.key}, another reference, or a path."),
  connect_timeout: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe('Seconds until a connection must be open and logged in. Default: PGCONNECT_TIMEOUT, then 10.'),
  application_name: z
    .string()
    .optional()
    .describe('What pg_stat_activity shows. Default: PGAPPNAME, then beamlift.'),
  options: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Settings of the session as in libpq: -c search_path=sales -c work_mem=64MB. Default: PGOPTIONS.',
    ),
  copy_reader: z
    .enum(COPY_READERS)
    .optional()
    .describe(
      'How rows are read: socket reads them straight into one buffer, plain through the streams of the driver, which takes more CPU. Default: socket.',
    ),
  ssh: sshConnectionSchema
    .optional()
    .describe(
      'An SSH server to go through: `host` and `port` of the connection are then meant as it sees them, and TLS checks the name of the database.',
    ),
});
export type PostgresConnection = z.infer<typeof postgresConnectionSchema>;

export const POSTGRES_SECRET_FIELDS = ['password', 'ssl_key', ...SSH_SECRET_FIELDS] as const;

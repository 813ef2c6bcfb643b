import { z } from 'zod';
import { SSL_MODES, type SslMode } from './postgres-connection';
import { SSH_SECRET_FIELDS, sshConnectionSchema } from './ssh-connection';

/** MySQL's own words for `--ssl-mode`: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode */
const MYSQL_SSL_MODES = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const;

const SSL_MODES_OF_MYSQL: Readonly<Record<(typeof MYSQL_SSL_MODES)[number], SslMode>> = {
  DISABLED: 'disable',
  PREFERRED: 'prefer',
  REQUIRED: 'require',
  VERIFY_CA: 'verify-ca',
  VERIFY_IDENTITY: 'verify-full',
};

/** What a connection to MySQL or MariaDB is configured with. Every text may be a secret reference. */
export const mysqlConnectionSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name or address of the server, or the path of its unix socket (begins with /). Default: localhost.',
    ),
  port: z.int().min(1).max(65_535).optional().describe('Default: 3306.'),
  database: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The database that names without one are looked up in. Default: none; names are then database.table.',
    ),
  user: z.string().min(1).optional().describe('Default: the name of the operating system user.'),
  password: z
    .string()
    .optional()
    .describe('Better a reference, such as ${env:SHOP_PASSWORD}. Default: MYSQL_PWD.'),
  sslmode: z
    .enum([...SSL_MODES, ...MYSQL_SSL_MODES])
    .optional()
    .describe(
      'Prefer encrypts where the server can, require always, verify-ca also checks who signed the certificate, verify-full also its host name; the words of MySQL in capitals mean the same. Default: prefer.',
    ),
  ssl_ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Certificate authority to trust: PEM text, ${file:ca.pem}, or a path. Default: the authorities that Node.js trusts.',
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
    .describe('Seconds until a connection must be open and logged in. Default: 10.'),
  ssh: sshConnectionSchema
    .optional()
    .describe(
      'An SSH server to go through: `host` and `port` of the connection are then meant as it sees them, and TLS checks the name of the database.',
    ),
});
export type MysqlConnection = z.infer<typeof mysqlConnectionSchema>;

export const MYSQL_SECRET_FIELDS = ['password', 'ssl_key', ...SSH_SECRET_FIELDS] as const;

/** Other words for fields: MySQL's options. */
export const MYSQL_FIELD_ALIASES = { ssl_mode: 'sslmode' } as const;

/** One word for a mode, whoever's it was. */
export function sslModeOf(mode: SslMode | (typeof MYSQL_SSL_MODES)[number]): SslMode {
  return (
    SSL_MODES.find((known) => known === mode) ?? SSL_MODES_OF_MYSQL[mode as keyof typeof SSL_MODES_OF_MYSQL]
  );
}

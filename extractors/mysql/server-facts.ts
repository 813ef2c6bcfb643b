import { mysqlReport } from '../../core/clients/mysql-errors';
import { BeamliftError } from '../../core/errors';
import type { MysqlSession } from './session';

/** What does not change while a source is open. */
export interface ServerFacts {
  /** `10.11.6-MariaDB-0+deb12u1`, `8.4.3` */
  readonly versionText: string;
  readonly isMariadb: boolean;
  /** `root@localhost`, as rights are granted to. */
  readonly user: string;
  /** Whether rows come from another server: it takes no writes of its own, or has threads that apply those of others. */
  readonly isReplica: boolean;
  /** Whether this login sees the transactions and statements of others (the right PROCESS). */
  readonly seesAllTransactions: boolean;
  /** TLS version, or undefined. */
  readonly protocol: string | undefined;
}

/** Error 1227: a right is needed that the login has not. */
const RIGHT_NEEDED = 1227;

/** Asks the server for its facts. */
export async function loadServerFacts(session: MysqlSession): Promise<ServerFacts> {
  const { rows } = await session.query(
    'SELECT VERSION(), CURRENT_USER(), @@GLOBAL.read_only',
    "The server's properties could not be read",
  );
  const [version, user, readOnly] = rows[0] ?? [];
  const seesAllTransactions = await seesTransactions(session);
  const isReadOnly = readOnly !== '0' && readOnly !== 'OFF' && readOnly !== 'NO_LOCK_NO_ADMIN';
  return {
    versionText: version ?? '',
    isMariadb: /mariadb/i.test(version ?? ''),
    user: user ?? '',
    isReplica: isReadOnly || (seesAllTransactions && (await appliesOthers(session))),
    seesAllTransactions,
    protocol: session.client.protocol,
  };
}

async function appliesOthers(session: MysqlSession): Promise<boolean> {
  const threads = await session.queryValue(
    `SELECT COUNT(*) FROM information_schema.PROCESSLIST
     WHERE USER = 'system user' AND (COMMAND LIKE 'Slave%' OR COMMAND IN ('Connect', 'Query'))`,
  );
  return threads !== '0';
}

async function seesTransactions(session: MysqlSession): Promise<boolean> {
  try {
    await session.query('SELECT COUNT(*) FROM information_schema.INNODB_TRX');
    return true;
  } catch (error) {
    const report = error instanceof BeamliftError ? mysqlReport(error.cause) : undefined;
    if (report?.number === RIGHT_NEEDED) return false;
    throw error;
  }
}

import type { PostgresSession } from './session';

/** What does not change while a source is open. */
export interface ServerFacts {
  /** 150018 for 15.18. */
  readonly version: number;
  readonly versionText: string;
  /** Whether texts are promised to be valid: not in a database of encoding SQL_ASCII. */
  readonly isUtf8: boolean;
  readonly inRecovery: boolean;
  /** Whether this login sees the transactions of others in pg_stat_activity. */
  readonly seesAllTransactions: boolean;
  readonly user: string;
  /** Whether something between here and the server hands connections around: it announced another process than the one that answers. */
  readonly behindPooler: boolean;
  /** TLS version, or undefined. */
  readonly protocol: string | undefined;
}

const FACTS_QUERY = `
SELECT current_setting('server_version_num'), current_setting('server_version'),
  current_setting('server_encoding') <> 'SQL_ASCII', pg_is_in_recovery(),
  pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_user, pg_backend_pid()`;

/** Asks the server for its facts, in the session's transaction. */
export async function loadServerFacts(session: PostgresSession): Promise<ServerFacts> {
  const { rows } = await session.query(FACTS_QUERY, [], "The server's properties could not be read");
  const [version, versionText, utf8, recovery, stats, user, pid] = rows[0] ?? [];
  return {
    version: Number(version),
    versionText: versionText ?? '',
    isUtf8: utf8 === 't',
    inRecovery: recovery === 't',
    seesAllTransactions: stats === 't',
    user: user ?? '',
    behindPooler: session.client.announcedPid !== null && String(session.client.announcedPid) !== pid,
    protocol: session.client.protocol,
  };
}

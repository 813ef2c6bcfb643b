import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient } from '../../core/clients/postgres-client';
import type { ConnectListener } from '../../core/clients/postgres-socket';
import { resolvePostgresSettings } from '../../core/clients/postgres-settings';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { toBeamliftError, type BeamliftError } from '../../core/errors';
import type { ErrorCode } from '../../core/error-codes';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { discoverTables } from './discover-tables';
import { loadServerFacts, type ServerFacts } from './server-facts';
import { PostgresSession } from './session';

/** The step at which each failure of connecting happens; everything else is the login. */
const STEP_OF_CODE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'configuration',
  SECRET_UNRESOLVED: 'secret',
  CONNECTION_DNS: 'dns',
  CONNECTION_REFUSED: 'connect',
  CONNECTION_TIMEOUT: 'connect',
  CONNECTION_TLS: 'tls',
  DATABASE_NOT_FOUND: 'database',
};

/** Goes the way of a load step by step, until one fails: dns, connect, tls, login, database, rights. */
export async function checkConnection(
  connection: JsonObject,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const findings = new Map<string, CheckFinding>();
  const passed = (step: string, detail: string): void => void findings.set(step, { step, ok: true, detail });
  const listener: ConnectListener = (step, detail) => passed(step, detail);
  let client: PostgresClient | undefined;
  try {
    const settings = await resolvePostgresSettings(
      postgresConnectionSchema.parse(connection),
      services,
      signal,
    );
    client = await connectPostgres(settings, signal, listener);
    const session = new PostgresSession(client, signal, {});
    await session.begin();
    const facts = await loadServerFacts(session);
    passed(
      'database',
      `${settings.database} on PostgreSQL ${facts.versionText}${facts.inRecovery ? ', a standby' : ''}`,
    );
    findings.set('rights', await checkRights(session, facts));
    await session.commit();
  } catch (error) {
    signal.throwIfAborted();
    const failure = toBeamliftError(error);
    const step = STEP_OF_CODE[failure.code] ?? (findings.has('database') ? 'rights' : 'login');
    // PostgreSQL looks for the database after the login
    if (step === 'database') passed('login', 'accepted');
    findings.set(step, failed(step, failure));
  } finally {
    await client?.close();
  }
  return [...findings.values()];
}

function failed(step: string, failure: BeamliftError): CheckFinding {
  const detail = failure.why === undefined ? failure.what : `${failure.what}: ${failure.why}`;
  return { step, ok: false, detail, ...(failure.hint === undefined ? {} : { hint: failure.hint }) };
}

async function checkRights(session: PostgresSession, facts: ServerFacts): Promise<CheckFinding> {
  const readable = (await discoverTables(session, undefined)).length;
  if (readable === 0) {
    return {
      step: 'rights',
      ok: false,
      detail: `user ${facts.user} may read no table or view of this database`,
      hint: `As their owner: GRANT USAGE ON SCHEMA … TO "${facts.user}"; GRANT SELECT ON ALL TABLES IN SCHEMA … TO "${facts.user}";`,
    };
  }
  return {
    step: 'rights',
    ok: true,
    detail: `${readable} ${readable === 1 ? 'table or view' : 'tables and views'} can be read`,
    ...(facts.seesAllTransactions
      ? {}
      : {
          hint: `For commit-safe incremental loads, as a superuser: GRANT pg_read_all_stats TO "${facts.user}";`,
        }),
  };
}

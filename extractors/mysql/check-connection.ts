import { connectMysql } from '../../core/clients/mysql';
import type { MysqlClient } from '../../core/clients/mysql-client';
import { mysqlConnectionSchema } from '../../core/clients/mysql-connection';
import { resolveMysqlSettings } from '../../core/clients/mysql-settings';
import { toBeamliftError, type BeamliftError } from '../../core/errors';
import type { ErrorCode } from '../../core/error-codes';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { discoverTables } from './discover-tables';
import { loadServerFacts, type ServerFacts } from './server-facts';
import { MysqlSession } from './session';

/** The step at which each failure of connecting happens; everything else is the login. */
const STEP_OF_CODE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'configuration',
  SECRET_UNRESOLVED: 'secret',
  CONNECTION_DNS: 'dns',
  CONNECTION_REFUSED: 'connect',
  CONNECTION_TIMEOUT: 'connect',
  CONNECTION_TLS: 'tls',
  DATABASE_NOT_FOUND: 'database',
  RIGHTS_MISSING: 'rights',
};

/** Goes the way of a load step by step, until one fails: dns, connect, tls, login, database, rights. */
export async function checkConnection(
  connection: JsonObject,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const findings = new Map<string, CheckFinding>();
  const passed = (step: string, detail: string): void => void findings.set(step, { step, ok: true, detail });
  let client: MysqlClient | undefined;
  try {
    const settings = await resolveMysqlSettings(mysqlConnectionSchema.parse(connection), services, signal);
    client = await connectMysql(settings, signal, passed);
    const session = new MysqlSession(client, signal, {});
    await session.setUp();
    const facts = await loadServerFacts(session);
    const product = facts.isMariadb ? 'MariaDB' : 'MySQL';
    passed('database', `${settings.database ?? 'any database'} on ${product} ${facts.versionText}`);
    findings.set('rights', await checkRights(session, facts));
  } catch (error) {
    signal.throwIfAborted();
    const failure = toBeamliftError(error);
    const step = STEP_OF_CODE[failure.code] ?? (findings.has('database') ? 'rights' : 'login');
    // the server looks for the database, and the right to it, after the login
    if (step === 'database' || step === 'rights') passed('login', 'accepted');
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

async function checkRights(session: MysqlSession, facts: ServerFacts): Promise<CheckFinding> {
  const readable = (await discoverTables(session, undefined)).length;
  if (readable === 0) {
    return {
      step: 'rights',
      ok: false,
      detail: `user ${facts.user} can see no table or view`,
      hint: 'As an administrator: GRANT SELECT ON database.* TO the user;',
    };
  }
  return {
    step: 'rights',
    ok: true,
    detail: `${readable} ${readable === 1 ? 'table or view' : 'tables and views'} can be seen`,
    ...(facts.seesAllTransactions
      ? {}
      : {
          hint: 'For commit-safe incremental loads, as an administrator: GRANT PROCESS ON *.* TO the user;',
        }),
  };
}

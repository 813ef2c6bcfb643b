import { connectMysql } from '../../core/clients/mysql';
import type { MysqlClient } from '../../core/clients/mysql-client';
import { mysqlConnectionSchema } from '../../core/clients/mysql-connection';
import { resolveMysqlSettings, type MysqlSettings } from '../../core/clients/mysql-settings';
import { toBeamliftError } from '../../core/errors';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { ConnectionSteps } from '../database/connection-steps';
import { discoverTables } from './discover-tables';
import { loadServerFacts, type ServerFacts } from './server-facts';
import { MysqlSession } from './session';

/** Goes the way of a load step by step, until one fails: ssh, dns, connect, tls, login, database, rights. */
export async function checkConnection(
  connection: JsonObject,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const steps = new ConnectionSteps(connection['ssh'] !== undefined);
  let settings: MysqlSettings | undefined;
  let client: MysqlClient | undefined;
  try {
    settings = await resolveMysqlSettings(mysqlConnectionSchema.parse(connection), services, signal);
    client = await connectMysql(settings, signal, (step, detail) => steps.passed(step, detail));
    const session = new MysqlSession(client, signal, {});
    await session.setUp();
    const facts = await loadServerFacts(session);
    const product = facts.isMariadb ? 'MariaDB' : 'MySQL';
    steps.passed('database', `${settings.database ?? 'any database'} on ${product} ${facts.versionText}`);
    steps.add(await checkRights(session, facts));
  } catch (error) {
    signal.throwIfAborted();
    steps.failed(toBeamliftError(error));
  } finally {
    await client?.close();
    await settings?.tunnel?.close();
  }
  return steps.findings;
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

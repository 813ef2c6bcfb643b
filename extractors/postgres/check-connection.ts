import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient } from '../../core/clients/postgres-client';
import { resolvePostgresSettings, type PostgresSettings } from '../../core/clients/postgres-settings';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { toBeamliftError } from '../../core/errors';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { ConnectionSteps } from '../database/connection-steps';
import { discoverTables } from './discover-tables';
import { loadServerFacts, type ServerFacts } from './server-facts';
import { PostgresSession } from './session';

/** Goes the way of a load step by step, until one fails: ssh, dns, connect, tls, login, database, rights. */
export async function checkConnection(
  connection: JsonObject,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const steps = new ConnectionSteps(connection['ssh'] !== undefined);
  let settings: PostgresSettings | undefined;
  let client: PostgresClient | undefined;
  try {
    settings = await resolvePostgresSettings(postgresConnectionSchema.parse(connection), services, signal);
    client = await connectPostgres(settings, signal, (step, detail) => steps.passed(step, detail));
    const session = new PostgresSession(client, signal, {});
    await session.begin();
    const facts = await loadServerFacts(session);
    steps.passed(
      'database',
      `${settings.database} on PostgreSQL ${facts.versionText}${facts.inRecovery ? ', a standby' : ''}`,
    );
    steps.add(await checkRights(session, facts));
    await session.commit();
  } catch (error) {
    signal.throwIfAborted();
    steps.failed(toBeamliftError(error));
  } finally {
    await client?.close();
    await settings?.tunnel?.close();
  }
  return steps.findings;
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

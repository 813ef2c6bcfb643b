import type { ErrorCode } from '../../core/error-codes';
import { toBeamliftError, type BeamliftError } from '../../core/errors';
import type { CheckFinding, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { tableName, type TableReference } from '../../core/clients/bigquery-api';
import { openBigQueryClients, type BigQueryClients } from './clients';
import { datasetOf } from './table-name';

/** The step at which each failure happens, whatever was tried. */
const STEP_OF_CODE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'configuration',
  SECRET_UNRESOLVED: 'secret',
  LOGIN_FAILED: 'login',
  CONNECTION_DNS: 'dns',
  CONNECTION_REFUSED: 'connect',
  CONNECTION_TLS: 'tls',
};

/** Goes the way of a load step by step, until one fails: login, billing, dataset, rights, read sessions. */
export async function checkConnection(
  written: JsonObject,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  let step = 'configuration';
  let clients: BigQueryClients | undefined;
  try {
    clients = await openBigQueryClients(written, services, signal);
    const { reader, connection } = clients;
    step = 'billing';
    await reader.dryRun('SELECT 1', connection.location, 'Queries cannot be run', signal);
    findings.push({ step: 'login', ok: true, detail: 'accepted' });
    findings.push({
      step: 'billing',
      ok: true,
      detail: `queries run in and are billed to ${reader.project}`,
    });
    step = 'dataset';
    findings.push(...(await checkDatasets(clients, signal)));
  } catch (error) {
    signal.throwIfAborted();
    findings.push(failed(step, toBeamliftError(error)));
  } finally {
    clients?.storage.close();
  }
  return findings;
}

async function checkDatasets(clients: BigQueryClients, signal: AbortSignal): Promise<CheckFinding[]> {
  const { reader, connection } = clients;
  const { project, dataset, temporary_dataset: temporary } = connection;
  if (dataset === undefined) {
    const datasets = await reader.listDatasets(project, signal);
    return [
      { step: 'dataset', ok: true, detail: `${project} has ${datasets.length} datasets; jobs name theirs` },
    ];
  }
  const location = await reader.datasetLocation(project, dataset, signal);
  if (location === undefined) return [missingDataset(project, dataset)];
  const findings: CheckFinding[] = [
    { step: 'dataset', ok: true, detail: `${project}.${dataset} is in ${location}` },
  ];
  const tables = await reader.listTables(project, dataset, signal);
  findings.push({ step: 'rights', ok: true, detail: `${tables.length} tables and views can be seen` });
  if (temporary !== undefined) {
    const { projectId, datasetId } = datasetOf(temporary, reader.project);
    const place = await reader.datasetLocation(projectId, datasetId, signal);
    if (place === undefined)
      return [...findings, { ...missingDataset(projectId, datasetId), step: 'temporary dataset' }];
    findings.push(temporaryFinding(`${projectId}.${datasetId}`, place, location));
  }
  const table = tables.find(({ type }) => type === 'TABLE')?.reference;
  if (connection.read_method !== 'rest' && table !== undefined) {
    findings.push(await checkSessions(clients, table, signal));
  }
  return findings;
}

function temporaryFinding(name: string, place: string, location: string): CheckFinding {
  const step = 'temporary dataset';
  if (place.toLowerCase() === location.toLowerCase()) {
    return { step, ok: true, detail: `${name} is in ${place}` };
  }
  return {
    step,
    ok: false,
    detail: `${name} is in ${place}, but the tables are in ${location}`,
    hint: `A query writes where it reads: use a dataset in ${location}.`,
  };
}

/** A session costs nothing until it is read. */
async function checkSessions(
  { storage, connection }: BigQueryClients,
  table: TableReference,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const step = 'read sessions';
  try {
    await storage.createSession(
      { table, fields: undefined, restriction: '', snapshotTime: undefined, maxStreams: 1 },
      signal,
    );
    return { step, ok: true, detail: `the Storage Read API opens ${tableName(table)}` };
  } catch (error) {
    signal.throwIfAborted();
    const finding = failed(step, toBeamliftError(error));
    if (connection.read_method === 'storage') return finding;
    const detail = `rows will be read by the REST API, which is slow. ${finding.detail}`;
    return { ...finding, ok: true, warning: true, detail };
  }
}

function missingDataset(project: string, dataset: string): CheckFinding {
  return {
    step: 'dataset',
    ok: false,
    detail: `there is no dataset ${project}.${dataset}, or this login may not see it`,
    hint: 'Check project and dataset; the login needs roles/bigquery.dataViewer on it.',
  };
}

function failed(step: string, failure: BeamliftError): CheckFinding {
  const detail = failure.why === undefined ? failure.what : `${failure.what}: ${failure.why}`;
  return {
    step: STEP_OF_CODE[failure.code] ?? step,
    ok: false,
    detail,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  };
}

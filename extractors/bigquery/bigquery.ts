import { BIGQUERY_SECRET_FIELDS, bigqueryConnectionSchema } from '../../core/clients/bigquery-connection';
import type { SourceModule } from '../../core/extractor';
import { BigQueryExtractor } from './bigquery-extractor';
import { checkConnection } from './check-connection';
import { openBigQueryClients } from './clients';
import { discoverTables } from './discover-tables';
import { parseBigquerySourceUrl } from './parse-bigquery-url';

/** BigQuery as a source: tables, views and queries of any project, read by the Storage Read API or by REST. */
export const bigquerySource = {
  type: 'bigquery',
  aliases: [],
  title: 'BigQuery',
  category: 'database',
  connectionSchema: bigqueryConnectionSchema,
  secretFields: BIGQUERY_SECRET_FIELDS,
  fieldAliases: {
    bigquery_project: 'project',
    project_id: 'project',
    bigquery_dataset: 'dataset',
    dataset_id: 'dataset',
    service_account_json: 'credentials',
  },
  parseUrl: parseBigquerySourceUrl,
  open: (source, services) => Promise.resolve(new BigQueryExtractor(source, services)),
  check: checkConnection,
  discover: async (written, services, filter, signal) => {
    const { reader, storage, connection } = await openBigQueryClients(written, services, signal);
    try {
      return await discoverTables(reader, connection, filter, signal);
    } finally {
      storage.close();
    }
  },
} as const satisfies SourceModule<'bigquery'>;

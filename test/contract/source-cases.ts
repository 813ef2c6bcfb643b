import { prepareAzureSource } from '../services/azure-source';
import { prepareGcsSource } from '../services/gcs-source';
import { prepareBigquerySource } from '../services/bigquery-source';
import { prepareMysqlSource } from '../services/mysql-source';
import { preparePostgresqlSource } from '../services/postgresql-source';
import { prepareS3Source } from '../services/s3-source';
import { prepareLocalSource } from './local-source';
import type { SourceCase } from './source-contract';

/** How the contract suite gets at each kind of source, by its type. A source without a case here fails the suite. */
export const SOURCE_CASES: Readonly<Record<string, SourceCase>> = {
  bigquery: { selfContained: false, prepare: prepareBigquerySource },
  azure_blob: { selfContained: false, prepare: prepareAzureSource },
  gcs: { selfContained: false, prepare: prepareGcsSource },
  local: { selfContained: true, prepare: prepareLocalSource },
  mysql: { selfContained: false, prepare: prepareMysqlSource },
  postgresql: { selfContained: false, prepare: preparePostgresqlSource },
  s3: { selfContained: false, prepare: prepareS3Source },
};

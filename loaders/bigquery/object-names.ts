import { BeamliftError } from '../../core/errors';
import type { TableReference } from '../../core/clients/bigquery-api';
import type { NameProblem } from '../../core/loader';

/** In bytes of UTF-8, of the name of a table. */
const MAX_TABLE_NAME = 1024;
/** Letters, marks, numbers, connectors (such as `_`), dashes and spaces. */
const TABLE_NAME = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]+$/u;
export const DATASET_NAME = /^[A-Za-z0-9_]{1,1024}$/;
/** Also with the domain of old projects (`example.com:project`). */
export const PROJECT_NAME = /^(?:[a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]*[a-z0-9]$/;
/** Tables that runs and checks make for themselves, and take away again, begin with one of these. */
const OWN_TABLES = /^(?:_beamlift_|beamlift_tmp_)/i;

export const DATASET_RULE = 'a dataset has letters, digits and _ in its name';
export const PROJECT_RULE = 'a project id has lower-case letters, digits and -, and begins with a letter';

/** See `DestinationModule.nameProblem`. */
export function nameProblem({
  dataset,
  table,
}: {
  dataset?: string;
  table: string;
}): NameProblem | undefined {
  const problem = tableNameProblem(table);
  if (problem !== undefined) {
    const why = `"${table}" cannot be the name of a table in BigQuery: ${problem}`;
    return { key: 'dest_table_name', problem: why };
  }
  if (dataset === undefined || DATASET_NAME.test(dataset)) return undefined;
  return { key: 'dataset', problem: `"${dataset}" cannot be the name of a dataset: ${DATASET_RULE}` };
}

/** The table of a job. Throws PLAN_REFUSED for names that BigQuery refuses. */
export function tableReference(projectId: string, datasetId: string, tableId: string): TableReference {
  const problem = tableNameProblem(tableId);
  if (problem !== undefined) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `"${tableId}" cannot be the name of a table in BigQuery`,
      where: { object: `${projectId}.${datasetId}` },
      why: problem,
      hint: 'Give the job another dest_table_name.',
    });
  }
  if (!DATASET_NAME.test(datasetId)) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: `"${datasetId}" cannot be the name of a dataset in BigQuery`,
      where: { object: projectId },
      why: `In BigQuery, ${DATASET_RULE}.`,
      hint: 'Correct `dataset` of the job or of the destination.',
    });
  }
  return { projectId, datasetId, tableId };
}

function tableNameProblem(name: string): string | undefined {
  if (OWN_TABLES.test(name))
    return 'Names that begin with _beamlift_ or beamlift_tmp_ belong to beamlift itself.';
  if (!TABLE_NAME.test(name))
    return 'Letters, digits, spaces, _ and - are allowed, and at least one of them.';
  if (name.trim() === '') return 'It would be blank.';
  if (Buffer.byteLength(name) > MAX_TABLE_NAME)
    return `Names of tables have at most ${MAX_TABLE_NAME} bytes.`;
  return undefined;
}

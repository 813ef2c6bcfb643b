import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue, SourceObject } from '../../core/plan';
import type { JobSpec } from './job-spec';

/** Fields of connections and destinations that say which data they lead to; users, passwords and ways to connect do not. */
const IDENTITY_FIELDS = [
  'host',
  'port',
  'database',
  'path',
  'project',
  'bucket',
  'container',
  'prefix',
  'endpoint',
] as const;

const FINGERPRINT_LENGTH = 16;

/** What a fingerprint is made of. */
export type FingerprintedJob = Pick<
  JobSpec,
  'source' | 'destination' | 'sourceCategory' | 'loadType' | 'timestampColumn'
>;

/**
 * Identifies the source and the destination of a job, and the column that its watermark is of, so that state of others is not taken for
 * this one's: 16 hexadecimal digits, the same in every version and on every machine.
 */
export function fingerprint(job: FingerprintedJob): string {
  const { source, destination } = job;
  const identity = [
    source.type,
    [...identityFields(source.connection), ...defaultDataset(source.connection)],
    objectIdentity(source.object),
    destination.type,
    identityFields(destination.config),
    datasetOf(destination),
    destination.table,
    ...[watermarkColumn(job)].filter((column) => column !== undefined),
  ];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, FINGERPRINT_LENGTH);
}

/** The column that the job's watermark is of. Catalog loads and files have none. */
export function watermarkColumn({
  sourceCategory,
  loadType,
  timestampColumn,
}: FingerprintedJob): string | undefined {
  return sourceCategory === 'files' || loadType === 'catalog' ? undefined : timestampColumn;
}

/** The schema or dataset that a destination's table is in; null: what the database has as its default. */
export function datasetOf(destination: JobSpec['destination']): string | null {
  const { config, dataset } = destination;
  const configured = config['dataset'] ?? config['schema'];
  return dataset ?? (typeof configured === 'string' ? configured : null);
}

/** The fields that identify, in a fixed order. */
export function identityFields(config: JsonObject): [string, JsonValue][] {
  return IDENTITY_FIELDS.flatMap((name): [string, JsonValue][] => {
    const value = config[name];
    return value === undefined || value === null ? [] : [[name, value]];
  });
}

/** Where a source looks names without a dataset up; destinations have theirs as `datasetOf`. */
function defaultDataset({ dataset }: JsonObject): [string, JsonValue][] {
  return typeof dataset === 'string' ? [['dataset', dataset]] : [];
}

function objectIdentity(object: SourceObject): string[] {
  switch (object.kind) {
    case 'table':
      return ['table', object.schema ?? '', object.name];
    case 'query':
      return ['query', object.sql.trim()];
    case 'files':
      return ['files', object.pattern];
  }
}

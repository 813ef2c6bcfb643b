import type { JobIdentity } from '../core/loader';
import type { SourceObject } from '../core/plan';
import { fingerprint, watermarkColumn } from './config/fingerprint';
import type { JobSpec } from './config/job-spec';

/** Who the job's state belongs to. */
export function identityOf(job: JobSpec): JobIdentity {
  const { source, destination } = job;
  const cursor = watermarkColumn(job);
  const by = cursor === undefined ? '' : ` by ${cursor}`;
  const description = `${describeObject(source.object)}${by} of ${source.connectionName} into ${destination.table} of ${destination.destinationName}`;
  return { job: job.name, fingerprint: fingerprint(job), description };
}

function describeObject(object: SourceObject): string {
  switch (object.kind) {
    case 'table':
      return object.schema === undefined ? object.name : `${object.schema}.${object.name}`;
    case 'query':
      return 'a query';
    case 'files':
      return object.pattern;
  }
}

import type { JobIdentity } from '../core/loader';
import type { SourceObject } from '../core/plan';
import { fingerprint } from './config/fingerprint';
import type { JobSpec } from './config/job-spec';

/** Who the job's state belongs to. */
export function identityOf(job: JobSpec): JobIdentity {
  const { source, destination } = job;
  const description = `${describeObject(source.object)} of ${source.connectionName} into ${destination.table} of ${destination.destinationName}`;
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

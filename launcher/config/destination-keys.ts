import { DESTINATION_JOB_KEYS, type DestinationModule } from '../../core/loader';
import type { ProblemList } from './configuration-problem';
import type { JobDraft } from './job-rules';
import { oneOf } from './schema-problems';

/**
 * Reports keys of the job itself that its kind of destination does not know, and the checks that need nothing but what is written.
 * Keys from `defaults` are left out for such a job.
 */
export function checkDestinationKeys(
  { keys, own, path }: JobDraft,
  module: DestinationModule,
  modules: readonly DestinationModule[],
  problems: ProblemList,
): void {
  for (const key of DESTINATION_JOB_KEYS) {
    if (!own.has(key) || keys[key] === undefined || module.jobKeys.includes(key)) continue;
    const kinds = modules.filter(({ jobKeys }) => jobKeys.includes(key)).map(({ type }) => type);
    const others = kinds.length === 0 ? '' : `is for destinations of kind ${oneOf(kinds)}, and `;
    const why = others === '' ? `means nothing to ${module.type}` : `${others}this one is ${module.type}`;
    problems.add([...path, key], `${why}; remove it`);
  }
  checkRange(path, keys, own, problems);
}

function checkRange(
  path: JobDraft['path'],
  { table_options: options }: JobDraft['keys'],
  own: JobDraft['own'],
  problems: ProblemList,
): void {
  const by = options?.partition_by;
  if (typeof by !== 'object' || !('start' in by) || by.start < by.end) return;
  const place = own.has('table_options') ? path : ['defaults'];
  problems.add([...place, 'table_options', 'partition_by'], 'start must be less than end');
}

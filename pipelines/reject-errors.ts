import { formatCounted } from '../core/counted';
import { describeRejectFiles } from '../core/describe-reject-files';
import { BeamliftError, type ErrorPlace } from '../core/errors';
import type { RunContext, WorkUnit } from '../core/plan';
import type { Reject } from '../core/reject';
import { formatType } from '../core/format-type';

/** Why a run ends with more rejects than it may have: the first reject in full, the others of `first` in short. `file`: where all of them are. */
export function rejectsExceeded(
  context: RunContext,
  unit: WorkUnit,
  count: number,
  first: readonly Reject[],
  file: string | undefined,
): BeamliftError {
  const [example, ...others] = first;
  return new BeamliftError('REJECTS_EXCEEDED', {
    what: `${formatCounted(count, 'row')} cannot be loaded into ${context.destination.table}; rejects.max is ${context.maxRejects}`,
    where: placeOf(context, unit, example),
    why: [reasonOf(context, example), ...others.map(describeReject)].join('; then '),
    hint: `Correct the rows at the source, or allow some with \`rejects: { max: … }\`. ${adviceFor(context, example)}The rejected rows read so far are in ${file ?? context.rejectFolder}.`,
  });
}

/** Why a run ends with a value whose policy is `fail`. */
export function valueRefused(context: RunContext, unit: WorkUnit, reject: Reject): BeamliftError {
  return new BeamliftError('REJECTS_EXCEEDED', {
    what: `A value cannot be loaded into ${context.destination.table}, and its policy is \`fail\``,
    where: placeOf(context, unit, reject),
    why: reasonOf(context, reject),
    hint: 'Correct the value at the source, or choose another policy for the column (docs/types.md).',
  });
}

/** Why a run ends with units whose rejects are too many together. `files`: where those are, as the units' manifests say. */
export function rejectsExceededTogether(
  context: RunContext,
  count: number,
  files: readonly string[],
): BeamliftError {
  return new BeamliftError('REJECTS_EXCEEDED', {
    what: `${formatCounted(count, 'row')} cannot be loaded into ${context.destination.table}; rejects.max is ${context.maxRejects}`,
    where: { job: context.job },
    hint: `Correct the rows at the source, or allow more with \`rejects: { max: … }\`. The rejected rows read so far are in ${describeRejectFiles(files)}.`,
  });
}

/** The file of a unit that is one, as the source names it. */
export function fileOf(unit: WorkUnit): string | undefined {
  return unit.kind === 'file' ? unit.uri : undefined;
}

function placeOf(context: RunContext, unit: WorkUnit, reject: Reject | undefined): ErrorPlace {
  const object = fileOf(unit) ?? reject?.file;
  return {
    job: context.job,
    ...(object === undefined ? {} : { object }),
    unit: unit.id,
    ...(reject === undefined ? {} : { row: reject.row }),
    ...(reject?.column === undefined ? {} : { column: reject.column }),
    ...(reject?.value === undefined ? {} : { value: reject.value }),
  };
}

/** The reason, with the type that the column has in the destination. */
function reasonOf(context: RunContext, reject: Reject | undefined): string {
  const type = destinationType(context, reject);
  const reason = reject?.reason ?? 'unknown';
  return type === undefined || reason.includes(type) ? reason : `${reason}; the column is ${type}`;
}

function destinationType(context: RunContext, reject: Reject | undefined): string | undefined {
  const planned = context.columns.find(({ source }) => source === reject?.column);
  return planned === undefined ? undefined : formatType(planned.destinationType);
}

/** What helps with a column's values; a reason that names a policy says itself which rule to change. Ends with a space, or is empty. */
function adviceFor(context: RunContext, reject: Reject | undefined): string {
  const type = destinationType(context, reject);
  if (reject?.column === undefined || type === undefined) return '';
  const policy = reject.reason.includes('policy ')
    ? 'Or choose another policy for the column under `policies` (docs/types.md). '
    : '';
  const { table } = context.destination;
  if (!context.createTable) {
    return `${policy}Or give column ${reject.column} of ${table} a type that takes the value: a text column takes every value. `;
  }
  const column = context.sourceSchema.columns.find(({ name }) => name === reject.column);
  const guess = column?.inferredType === undefined ? '' : ', which is what a sample of the values says';
  return `${policy}The job would create column ${reject.column} as ${type}${guess}: for another type (a text column takes every value), create the table ${table} yourself first and run again. Values become the types that the table has. `;
}

function describeReject(reject: Reject): string {
  const column = reject.column === undefined ? '' : `, column ${reject.column}`;
  const value = reject.value === undefined ? '' : ` "${reject.value}"`;
  return `${reject.row}${column}${value}: ${reject.reason}`;
}

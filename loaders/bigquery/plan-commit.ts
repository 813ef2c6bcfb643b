import { tableName, type TableReference, type TableResource } from '../../core/clients/bigquery-api';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { ColumnDigests, Manifest, Part } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import { addDigests } from '../../transforms/column-digest';
import { inUnitOrder } from '../manifest-hash';
import { copyJob, destinationResource, loadJob, queryJob, type LoadInto } from './commit-jobs';
import { isByWindows, refused, refuseTooManyPartitions, refuseTooManyTables } from './commit-refusals';
import type { CommitPlan, NewTable, PlannedJob } from './commit-plan';
import { groupParts, LOAD_LIMITS, type LoadLimits } from './group-parts';
import { mergeStatement, replaceStatement, truncateStatement, type StagedRows } from './merge-sql';
import { MAX_PARTITIONS_PER_JOB, MAX_QUERY_CHARACTERS } from './job-limits';
import { MOVED_ROW, moveScript } from './move-sql';
import { partitionWindows } from './partition-windows';
import { matchTable, type StagedTable } from './staged-table';
import { temporaryResource, temporaryTable } from './temporary-tables';
import { proofsOf } from './verify-sql';

export interface CommitInput {
  readonly context: RunContext;
  /** Of all units of the run. */
  readonly manifests: readonly Manifest[];
  /** See loaders/manifest-hash.ts. */
  readonly manifestHash: string;
  readonly table: TableReference;
  /** The table as it is now; undefined: there is none. */
  readonly existing: TableResource | undefined;
  /** Of the dataset. */
  readonly location: string | undefined;
  /** For the expiration of temporary tables. */
  readonly nowMs: number;
  /** BigQuery's where absent. */
  readonly limits?: LoadLimits;
}

/**
 * What a commit will do, decided before anything is sent: the same input gives the same plan.
 *
 * One load job straight into the table where that is possible: it is free, and BigQuery makes all of it visible or nothing. Rows go
 * through temporary tables where there are more files than a load job takes, for `verify: strict`, for a job with keys, and for an append to
 * more partitions than a job may change. What then publishes them is one job again:
 *
 * | | table is there | table is created |
 * |---|---|---|
 * | append | copy, WRITE_APPEND | `createTable`, copy, WRITE_EMPTY |
 * | append to more than 4,000 partitions | a script with one transaction | `createTable`, the same |
 * | replace | MERGE that deletes all rows and inserts: a copy would take the table's policies, keys and descriptions away | as append |
 * | merge | MERGE | `createTable`, MERGE |
 * | replace by key | MERGE that deletes all rows and inserts the newest of each key | `createTable`, MERGE |
 *
 * Throws DESTINATION_FAILED for what BigQuery would refuse, DESTINATION_NOT_FOUND, EMPTY_REPLACE, COUNT_MISMATCH.
 */
export function planCommit(input: CommitInput): CommitPlan {
  const { context, table, existing } = input;
  const manifests = inUnitOrder(input.manifests);
  const parts = manifests.flatMap((manifest) => manifest.parts);
  const rowsStaged = countRows(context, manifests, parts);
  const partitions = new Set(manifests.flatMap((manifest) => manifest.partitions ?? []));
  refuseTooManyPartitions(context, partitions);
  const staged = matchTable(context, table, existing);
  const groups = groupParts(parts, input.limits ?? LOAD_LIMITS);
  const plan = {
    version: 1 as const,
    runId: context.runId,
    manifestHash: input.manifestHash,
    table,
    location: input.location ?? null,
    rowsStaged,
  };
  if (rowsStaged === 0) return { ...plan, ...planNoRows(input, staged) };
  const isByKey = context.keyColumns.length > 0;
  const [only] = groups;
  const windowed = isByWindows(context, partitions) ? windowsOf(context, staged, partitions) : undefined;
  const isDirect = groups.length === 1 && !isByKey && context.verify !== 'strict' && windowed === undefined;
  if (only !== undefined && isDirect) {
    return { ...plan, ...planDirect(context, table, only, staged) };
  }
  const digests = context.verify === 'strict' ? totalDigests(context, manifests) : undefined;
  return { ...plan, ...planThroughTables(input, groups, staged, digests, rowsStaged, windowed) };
}

/** What depends on the way that rows take. */
type Steps = Omit<CommitPlan, 'version' | 'runId' | 'manifestHash' | 'table' | 'location' | 'rowsStaged'>;

const NO_STEPS: Steps = {
  temporaryTables: [],
  prepare: [],
  proofs: [],
  createTable: null,
  addColumns: [],
  publish: null,
  proofOfPublish: 'none',
};

/** The table is made and widened as with rows; only `allow_empty` takes the place of some by none. */
function planNoRows({ context, table, existing }: CommitInput, staged: StagedTable): Steps {
  const steps = { ...NO_STEPS, createTable: newTable(context, table, staged), addColumns: staged.newFields };
  if (context.disposition !== 'replace' || existing === undefined) return steps;
  if (context.allowEmpty) return { ...steps, publish: queryJob('publish', truncateStatement(table)) };
  if (existing.numRows === '0') return steps;
  throw new BeamliftError('EMPTY_REPLACE', {
    what: `The load has no rows, and would leave ${tableName(table)} empty`,
    where: { job: context.job, object: tableName(table) },
    ...(existing.numRows === undefined
      ? {}
      : { why: `The table has ${formatCounted(Number(existing.numRows), 'row')}.` }),
    hint: 'If that is right, set `allow_empty: true` for the job. The table is as it was.',
  });
}

function planDirect(
  context: RunContext,
  table: TableReference,
  parts: readonly Part[],
  staged: StagedTable,
): Steps {
  const isReplace = context.disposition === 'replace';
  const into: LoadInto = context.createTable
    ? { kind: 'create', options: context.tableOptions }
    : isReplace
      ? { kind: 'truncate-data' }
      : { kind: 'append', addFields: staged.newFields.length > 0 };
  const publish = loadJob('publish', context, parts, staged.fields, table, into);
  return {
    ...NO_STEPS,
    // Load jobs add fields to a table only where they append to it.
    addColumns: isReplace ? staged.newFields : [],
    publish,
    proofOfPublish: 'output-rows',
  };
}

function planThroughTables(
  { context, table, nowMs }: CommitInput,
  groups: readonly (readonly Part[])[],
  staged: StagedTable,
  digests: ColumnDigests | undefined,
  rowsStaged: number,
  windowed: Windowed | undefined,
): Steps {
  const isReplace = context.disposition === 'replace' && !context.createTable;
  const isQuery = isReplace || context.keyColumns.length > 0 || windowed !== undefined;
  // Each window then reads its own rows and few others.
  const plain = windowed === undefined ? {} : { clustering: { fields: [windowed.column] } };
  refuseTooManyTables(context, groups.length, isQuery || digests !== undefined);
  const sources = groups.map((_, index) => temporaryTable(table, context.runId, index));
  const temporaryTables = sources.map((source) =>
    isQuery
      ? temporaryResource(source, staged.stagedFields, plain, staged.kmsKeyName, nowMs)
      : temporaryResource(source, staged.allFields, staged.layout, staged.kmsKeyName, nowMs),
  );
  const prepare = groups.map((parts, index) => {
    const source = sources[index] ?? table;
    return loadJob(`load-${index}`, context, parts, staged.fields, source, { kind: 'truncate-data' });
  });
  const rows: StagedRows = { table, sources, columns: staged.columns };
  const proved = staged.columns.map((column, index) => ({
    name: context.destinationSchema.columns[index]?.name ?? column.name,
    column,
  }));
  return {
    temporaryTables,
    prepare,
    proofs: digests === undefined ? [] : proofsOf(sources, proved, digests, rowsStaged),
    createTable: newTable(context, table, staged),
    addColumns: staged.newFields,
    ...(windowed === undefined
      ? publishing(context, rows, staged, isReplace)
      : moving(context, rows, prepare, windowed, rowsStaged)),
  };
}

/** Windows of the partitioning column, by the table's own name of it. */
interface Windowed {
  readonly column: string;
  readonly windows: readonly string[];
}

function windowsOf(
  { partitioning, destinationSchema }: RunContext,
  staged: StagedTable,
  partitions: ReadonlySet<string>,
): Windowed {
  const index = destinationSchema.columns.findIndex(({ name }) => name === partitioning?.column);
  const column = staged.columns[index];
  if (partitioning === null || column === undefined) {
    throw new BeamliftError('INTERNAL', { what: 'Units have noted partitions of a table that has none' });
  }
  const windows = partitionWindows(MOVED_ROW, column, partitioning, partitions, MAX_PARTITIONS_PER_JOB);
  return { column: column.name, windows };
}

function moving(
  context: RunContext,
  rows: StagedRows,
  prepare: readonly PlannedJob[],
  { windows }: Windowed,
  rowsStaged: number,
): Pick<Steps, 'publish' | 'proofOfPublish' | 'moves'> {
  const counts = prepare.map(({ expectedRows }) => expectedRows ?? 0);
  const most = Math.max(...counts);
  const mark = rows.sources[counts.indexOf(most)];
  if (mark === undefined || most === 0) {
    throw new BeamliftError('INTERNAL', { what: 'Rows were to be moved from no table' });
  }
  const script = moveScript({ ...rows, windows, rowsStaged, mark, mustBeEmpty: context.createTable });
  return {
    publish: statement(context, script),
    proofOfPublish: 'moved-rows',
    moves: { mark, rows: most },
  };
}

function publishing(
  context: RunContext,
  rows: StagedRows,
  staged: StagedTable,
  isReplace: boolean,
): Pick<Steps, 'publish' | 'proofOfPublish'> {
  const isByKey = context.keyColumns.length > 0;
  if (isByKey && !isReplace) {
    return { publish: statement(context, mergeStatement(context, rows)), proofOfPublish: 'merged-rows' };
  }
  if (isReplace)
    return {
      publish: statement(context, replaceStatement(context, rows, staged.filter)),
      proofOfPublish: isByKey ? 'merged-rows' : 'inserted-rows',
    };
  const into = context.createTable ? 'empty' : 'append';
  return { publish: copyJob('publish', rows.sources, rows.table, into), proofOfPublish: 'copied-rows' };
}

function statement(context: RunContext, sql: string): PlannedJob {
  if (sql.length <= MAX_QUERY_CHARACTERS) return queryJob('publish', sql);
  throw refused(context, {
    what: 'The statement that would publish the rows is longer than BigQuery takes',
    why: `It has ${sql.length} characters; the limit is ${MAX_QUERY_CHARACTERS}.`,
    hint: 'Load fewer columns (`selected_columns`), or give them shorter names.',
  });
}

function newTable(context: RunContext, reference: TableReference, staged: StagedTable): NewTable | null {
  if (!context.createTable) return null;
  return { reference, resource: destinationResource(staged.fields, context.tableOptions) };
}

/** Rows of the files are the rows of the units. */
function countRows(context: RunContext, manifests: readonly Manifest[], parts: readonly Part[]): number {
  const inUnits = manifests.reduce((sum, { counts }) => sum + counts.rowsStaged, 0);
  const inParts = parts.reduce((sum, { rows }) => sum + rows, 0);
  if (inUnits === inParts) return inUnits;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `The staged files have ${formatCounted(inParts, 'row')}, the units ${formatCounted(inUnits, 'row')}`,
    where: { job: context.job },
    hint: 'Nothing was published. Please report this: it is a defect in beamlift.',
  });
}

function totalDigests(context: RunContext, manifests: readonly Manifest[]): ColumnDigests {
  return manifests
    .filter(({ counts }) => counts.rowsStaged > 0)
    .map(({ digests, unit }) => {
      if (digests !== undefined) return digests;
      throw new BeamliftError('INTERNAL', {
        what: `Unit ${unit} was staged without the sums that \`verify: strict\` compares`,
        where: { job: context.job, unit },
      });
    })
    .reduce(addDigests);
}

import { tableName, type TableReference, type TableResource } from '../../core/clients/bigquery-api';
import { formatCounted } from '../../core/counted';
import { BeamliftError } from '../../core/errors';
import type { ColumnDigests, Manifest, Part } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import { addDigests } from '../../transforms/column-digest';
import { inUnitOrder } from '../manifest-hash';
import { copyJob, destinationResource, loadJob, queryJob, type LoadInto } from './commit-jobs';
import type { CommitPlan, NewTable, PlannedJob } from './commit-plan';
import { groupParts, LOAD_LIMITS, type LoadLimits } from './group-parts';
import { mergeStatement, replaceStatement, truncateStatement, type StagedRows } from './merge-sql';
import {
  MAX_PARTITIONS_PER_JOB,
  MAX_QUERY_CHARACTERS,
  MAX_TABLES_PER_COPY_JOB,
  MAX_TABLES_PER_QUERY,
} from './job-limits';
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
 * through temporary tables where there are more files than a load job takes, for `verify: strict`, and for a job with keys. What then publishes
 * them is one job again:
 *
 * | | table is there | table is created |
 * |---|---|---|
 * | append | copy, WRITE_APPEND | `createTable`, copy, WRITE_EMPTY |
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
  refuseTooManyPartitions(context, manifests);
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
  if (only !== undefined && groups.length === 1 && !isByKey && context.verify !== 'strict') {
    return { ...plan, ...planDirect(context, table, only, staged) };
  }
  const digests = context.verify === 'strict' ? totalDigests(context, manifests) : undefined;
  return { ...plan, ...planThroughTables(input, groups, staged, digests, rowsStaged) };
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
): Steps {
  const isReplace = context.disposition === 'replace' && !context.createTable;
  const isQuery = isReplace || context.keyColumns.length > 0;
  refuseTooManyTables(context, groups.length, isQuery || digests !== undefined);
  const sources = groups.map((_, index) => temporaryTable(table, context.runId, index));
  const temporaryTables = sources.map((source) =>
    isQuery
      ? temporaryResource(source, staged.stagedFields, {}, staged.kmsKeyName, nowMs)
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
    ...publishing(context, rows, staged, isReplace),
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

/** A load job fails for it only after it has read everything, and only where it does not go through tables. */
function refuseTooManyPartitions(context: RunContext, manifests: readonly Manifest[]): void {
  const partitions = new Set(manifests.flatMap((manifest) => manifest.partitions ?? []));
  if (partitions.size <= MAX_PARTITIONS_PER_JOB) return;
  throw refused(context, {
    what: `The rows go to ${formatCounted(partitions.size, 'partition')} of the table`,
    why: `One job of BigQuery changes at most ${MAX_PARTITIONS_PER_JOB} of them, and rows are published by one job.`,
    hint: 'Load the past in windows of time (`--start-date`, `--end-date`), or let a created table have larger partitions (`partition_by`: month or year).',
  });
}

function refuseTooManyTables(context: RunContext, tables: number, isQuery: boolean): void {
  const most = isQuery ? MAX_TABLES_PER_QUERY - 1 : MAX_TABLES_PER_COPY_JOB;
  if (tables <= most) return;
  throw refused(context, {
    what: `The staged files need ${tables} load jobs`,
    why: `Rows of at most ${most} of them can be published at once.`,
    hint: 'Load the past in windows of time (`--start-date`, `--end-date`).',
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

function refused(context: RunContext, said: { what: string; why: string; hint: string }): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    ...said,
    where: { job: context.job },
    hint: `${said.hint} Nothing was sent, the table is as it was.`,
  });
}

import { totalmem } from 'node:os';
import path from 'node:path';
import type { WarehouseSession } from '../../core/clients/duckdb';
import {
  WarehouseBusy,
  WarehouseOutOfMemory,
  firstLine,
  isDiskFull,
} from '../../core/clients/duckdb-failures';
import { BeamliftError, messageOf } from '../../core/errors';
import type { JobState, LoadReport } from '../../core/loader';
import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import { committedBefore } from '../committed-before';
import { inUnitOrder, manifestHash } from '../manifest-hash';
import { nextState } from '../next-state';
import { checkParts, partFile } from '../staging-folder';
import { prepareTable } from './destination-table';
import { LEASE_END } from './lease';
import { memoryLimits } from './memory-limits';
import { publishRows, type StagedRows } from './publish';
import { quoteTable, showTable, type TableName } from './sql-text';
import { readStateRow, stateTable, stateTexts, type StateRow } from './state-table';
import { diskFull, type WarehouseFile } from './warehouse-file';

export interface CommitSettings {
  readonly file: WarehouseFile;
  readonly table: TableName;
  /** Undefined: as much as it takes (see memory-limits.ts). */
  readonly memoryLimit: string | undefined;
  readonly threads: number;
  readonly log: Logger;
}

/** Where DuckDB puts what does not fit into its memory, within the run's staging folder. */
const SPILL_FOLDER = 'spill';

/** Publishes a run and changes the job's state, in one transaction. See `Loader.commit`. */
export async function commitToWarehouse(
  settings: CommitSettings,
  context: RunContext,
  manifests: readonly Manifest[],
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LoadReport> {
  const { file, table, log } = settings;
  // What a merge reads must stay in order: see dropRepeated.
  const threads = context.keyColumns.length > 0 ? 1 : settings.threads;
  const types = context.destinationSchema.columns.map(({ type }) => type);
  const tempFolder = path.join(context.stagingFolder, SPILL_FOLDER);
  let failure: WarehouseOutOfMemory | undefined;
  for (const memoryLimit of memoryLimits(settings.memoryLimit, types, threads, totalmem())) {
    if (failure !== undefined) {
      log.warn('warehouse.memory.raised', { job: context.job, memory_limit: memoryLimit });
    }
    try {
      return await file.use(
        { memoryLimit, threads, tempFolder },
        async (warehouse) => {
          try {
            return await warehouse.transaction(
              async (session) => await publishOnce(session, table, context, manifests, files, signal),
            );
          } catch (error) {
            signal.throwIfAborted();
            throw isDiskFull(error) ? diskFull(file.path, error) : explain(context, table, error);
          }
        },
        signal,
      );
    } catch (error) {
      if (!(error instanceof WarehouseOutOfMemory)) throw error;
      failure = error;
    }
  }
  throw outOfMemory(context, table, settings.memoryLimit, failure);
}

async function publishOnce(
  session: WarehouseSession,
  table: TableName,
  context: RunContext,
  manifests: readonly Manifest[],
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LoadReport> {
  const row = await readStateRow(session, table.schema, context.job);
  const hash = manifestHash(manifests);
  const done = committedBefore(context, row?.state.lastCommit, hash);
  if (done !== undefined) return { rowsLoaded: done, alreadyCommitted: true, table: showTable(table) };
  const state = checkFence(context, row);
  await holdLease(session, table, context);
  await checkParts(context, manifests, signal);
  const target = await prepareTable(session, context, table);
  const published = await publishRows(session, context, target, stagedRows(context, manifests));
  const result = { manifestHash: hash, rows: published.rowsLoaded, at: new Date().toISOString(), files };
  await writeState(session, table, context, nextState(context, state, result));
  return {
    rowsLoaded: published.rowsLoaded,
    ...(context.keyColumns.length > 0 ? { rowsSuperseded: published.rowsSuperseded } : {}),
    alreadyCommitted: false,
    table: showTable(target.definition.table),
  };
}

/** Throws FENCED unless the run still has the lease that its plan was made under. */
function checkFence(context: RunContext, row: StateRow | undefined): JobState {
  const refuse = (why: string): never => {
    throw new BeamliftError('FENCED', {
      what: `Run ${context.runId} of job ${context.job} may not publish`,
      where: { job: context.job },
      why,
      hint: 'Nothing was published. The newer run does the work; if there is none, run the job again.',
    });
  };
  if (row === undefined)
    return refuse('The state of the job is gone: the warehouse was replaced or changed by hand.');
  const { state, run } = row;
  if (state.fence > context.fence) {
    return refuse(
      `A newer run has taken over${run === null ? '' : `: ${run.id}`} (fence ${state.fence}, ours ${context.fence}).`,
    );
  }
  if (state.fence < context.fence)
    return refuse('The warehouse was put back to an older copy while the run was going on.');
  if (run?.id !== context.runId) return refuse('The run has given up its lease.');
  return state;
}

/** First of all changes: whoever else takes the lease from now on comes into conflict with this transaction, or waits for the file. */
async function holdLease(
  session: WarehouseSession,
  { schema }: TableName,
  context: RunContext,
): Promise<void> {
  await session.run(
    `UPDATE ${quoteTable(stateTable(schema))} SET run_state = 'committing' WHERE job = $1 AND fence = $2`,
    [context.job, BigInt(context.fence)],
  );
}

function stagedRows(context: RunContext, manifests: readonly Manifest[]): StagedRows {
  const parts = inUnitOrder(manifests).flatMap((manifest) => manifest.parts);
  return {
    files: parts.map((part) => partFile(context, part)),
    rows: manifests.reduce((sum, manifest) => sum + manifest.counts.rowsStaged, 0),
  };
}

async function writeState(
  session: WarehouseSession,
  { schema }: TableName,
  context: RunContext,
  state: JobState,
): Promise<void> {
  const [files, intervals, lastCommit] = stateTexts(state);
  const changed = await session.run(
    `UPDATE ${quoteTable(stateTable(schema))} SET watermark = $3, files = $4, intervals = $5, last_commit = $6,
      run_state = 'committed', run_lease_until = ${LEASE_END} WHERE job = $1 AND fence = $2`,
    [context.job, BigInt(context.fence), state.watermark, files, intervals, lastCommit],
  );
  if (changed !== 1)
    throw new BeamliftError('INTERNAL', { what: `The state of job ${context.job} has ${changed} rows` });
}

function explain(context: RunContext, table: TableName, error: unknown): unknown {
  const known = [BeamliftError, WarehouseBusy, WarehouseOutOfMemory];
  if (known.some((kind) => error instanceof kind)) return error;
  return new BeamliftError('DESTINATION_FAILED', {
    what: `DuckDB refused the rows for ${showTable(table)}`,
    where: { job: context.job, object: showTable(table) },
    why: firstLine(messageOf(error)),
    hint: 'Nothing was published, the table is as it was. A constraint of the table names what the rows must satisfy; correct them at the source, or leave them out with `filter`.',
    cause: error,
  });
}

function outOfMemory(
  context: RunContext,
  table: TableName,
  configured: string | undefined,
  cause: unknown,
): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    what: `DuckDB ran out of memory while it published the rows for ${showTable(table)}`,
    where: { job: context.job, object: showTable(table) },
    why: messageOf(cause),
    hint:
      configured === undefined
        ? 'Half of the memory of this machine was not enough: load fewer or shorter columns, drop indexes of the table, or use a larger machine. Nothing was published.'
        : `Raise memory_limit of the destination (now ${configured}), or leave it out: then beamlift takes what is needed. Nothing was published.`,
    cause,
  });
}

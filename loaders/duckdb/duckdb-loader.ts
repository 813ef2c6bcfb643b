import type { EncodedStream } from '../../core/encoding';
import { messageOf } from '../../core/errors';
import type { JobIdentity, JobState, Lease, Loader, LoadReport, OnStateConflict } from '../../core/loader';
import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { RunContext, WorkUnit } from '../../core/plan';
import { RETRY_POLICIES, type RetryPolicy } from '../../core/retry-policies';
import type { TableSchema } from '../../core/schema';
import { sweepAbandoned, sweepRunFolder } from '../run-folders';
import { findStagedUnit, stageUnit } from '../staging-folder';
import { usableState } from '../usable-state';
import { commitToWarehouse } from './commit';
import { takeLease } from './lease';
import type { TableName } from './sql-text';
import { readStateRow } from './state-table';
import { readTableDefinition, tableSchemaOf } from './table-definition';
import { WarehouseFile } from './warehouse-file';

export interface DuckdbSettings {
  /** Absolute. */
  readonly path: string;
  readonly table: TableName;
  readonly memoryLimit: string | undefined;
  readonly threads: number;
  readonly log: Logger;
  readonly lockPolicy?: RetryPolicy;
  readonly renewLeaseEveryMs?: number;
}

/**
 * Loads into a table of a DuckDB file. Rows are staged in the run's folder; the file itself is open only for moments, and for the commit.
 * Planning reads the file and never makes it.
 */
export class DuckdbLoader implements Loader {
  private readonly file: WarehouseFile;

  constructor(private readonly settings: DuckdbSettings) {
    const { path, log, lockPolicy = RETRY_POLICIES.warehouseLock } = settings;
    this.file = new WarehouseFile(path, log, lockPolicy);
  }

  async schema(signal: AbortSignal): Promise<TableSchema | undefined> {
    if (!(await this.file.exists())) return undefined;
    return await this.file.use(
      'read-only',
      async (warehouse) => {
        const definition = await readTableDefinition(warehouse, this.settings.table);
        return definition === undefined ? undefined : tableSchemaOf(definition);
      },
      signal,
    );
  }

  async readState(
    identity: JobIdentity,
    signal: AbortSignal,
    onConflict: OnStateConflict = 'fail',
  ): Promise<JobState | null> {
    if (!(await this.file.exists())) return null;
    const row = await this.file.use(
      'read-only',
      async (warehouse) => await readStateRow(warehouse, this.settings.table.schema, identity.job),
      signal,
    );
    return row === undefined ? null : usableState(row, identity, onConflict);
  }

  async acquireLease(
    identity: JobIdentity,
    runId: string,
    onConflict: OnStateConflict,
    signal: AbortSignal,
  ): Promise<Lease> {
    const { table, log, renewLeaseEveryMs } = this.settings;
    const settings = {
      file: this.file,
      schema: table.schema,
      log,
      ...(renewLeaseEveryMs === undefined ? {} : { renewEveryMs: renewLeaseEveryMs }),
    };
    return await takeLease(settings, identity, runId, onConflict, signal);
  }

  async stage(
    context: RunContext,
    unit: WorkUnit,
    rows: EncodedStream,
    signal: AbortSignal,
  ): Promise<Manifest> {
    return await stageUnit(context, unit, rows, signal);
  }

  async findManifest(
    context: RunContext,
    unit: WorkUnit,
    signal: AbortSignal,
  ): Promise<Manifest | undefined> {
    return await findStagedUnit(context, unit, signal);
  }

  async commit(
    context: RunContext,
    manifests: readonly Manifest[],
    files: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<LoadReport> {
    return await commitToWarehouse({ ...this.settings, file: this.file }, context, manifests, files, signal);
  }

  /** Also removes what killed runs left behind. Never throws: the run has its end already, and the next one sweeps again. */
  async sweep(context: RunContext): Promise<void> {
    const { log } = this.settings;
    try {
      await sweepRunFolder(context);
      const removed = await sweepAbandoned(context);
      if (removed.length > 0) log.info('staging.abandoned.removed', { runs: removed });
    } catch (error) {
      log.warn('staging.not_swept', { folder: context.stagingFolder, error: messageOf(error) });
    }
  }

  /** The file is never open between calls. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

import type { WarehouseSession } from '../../core/clients/duckdb';
import { BeamliftError, messageOf } from '../../core/errors';
import type { JobIdentity, JobState, Lease } from '../../core/loader';
import type { Logger } from '../../core/logger';
import type { RetryPolicy } from '../../core/retry-policies';
import { neverAborts } from '../../core/never-aborts';
import { isRunning, ownIdentity } from '../process-identity';
import { decideLease, type LeaseDecision } from './lease-decision';
import { quoteTable } from './sql-text';
import { createStateTable, readStateRow, stateTable, stateTexts, type LeaseHolder } from './state-table';
import type { WarehouseFile } from './warehouse-file';

/** How long a lease lasts that nobody renews. A dead process of the same machine is noticed without it. In seconds. */
const LEASE_SECONDS = 300;

/** A third of the lease or less: two renewals may fail. In milliseconds. */
const RENEW_EVERY_MS = 60_000;

/** Renewals do not wait for the file: the next one comes soon enough. */
const AT_ONCE: RetryPolicy = { attempts: 1, minDelayMs: 0, maxDelayMs: 0, factor: 1 };

export interface LeaseSettings {
  readonly file: WarehouseFile;
  readonly schema: string;
  readonly log: Logger;
  readonly renewEveryMs?: number;
}

/** Takes the job's lease, in one transaction; makes file, schema and state table where they are missing. See `Loader.acquireLease`. */
export async function takeLease(
  settings: LeaseSettings,
  identity: JobIdentity,
  runId: string,
  onConflict: 'fail' | 'adopt' | 'fresh',
  signal: AbortSignal,
): Promise<Lease> {
  const { file, schema, log } = settings;
  const decision = await file.use(
    'read-write',
    async (warehouse) =>
      await warehouse.transaction(async (session) => {
        await createStateTable(session, schema);
        const row = await readStateRow(session, schema, identity.job);
        const decided = decideLease(row, { identity, runId, onConflict, holderRuns });
        await writeLease(session, schema, identity, runId, decided);
        return decided;
      }),
    signal,
  );
  if (decision.takenFrom !== undefined) {
    log.warn('state.lease.taken_over', { job: identity.job, run_id: runId, dead_run: decision.takenFrom });
  }
  return new HeldLease(settings, identity.job, runId, decision.fence, decision.state);
}

function holderRuns({ host, pid, processStarted }: LeaseHolder): boolean | 'unknown' {
  return isRunning({ host, pid, started: processStarted });
}

async function writeLease(
  session: WarehouseSession,
  schema: string,
  identity: JobIdentity,
  runId: string,
  { state, fence }: LeaseDecision,
): Promise<void> {
  const table = quoteTable(stateTable(schema));
  const own = ownIdentity();
  if (state === null) {
    await session.run(
      `INSERT INTO ${table} (job, fingerprint, fence, files, intervals) VALUES ($1, $2, $3, '{}', '[]')`,
      [identity.job, identity.fingerprint, BigInt(fence)],
    );
  } else {
    const [files, intervals] = stateTexts(state);
    await session.run(
      `UPDATE ${table} SET fingerprint = $2, fence = $3, watermark = $4, files = $5, intervals = $6 WHERE job = $1`,
      [identity.job, identity.fingerprint, BigInt(fence), state.watermark, files, intervals],
    );
  }
  await session.run(
    `UPDATE ${table} SET description = $2, run_id = $3, run_state = 'staging', run_host = $4, run_pid = $5,
      run_process_started = $6, run_started_at = now(), run_lease_until = ${LEASE_END} WHERE job = $1`,
    [identity.job, identity.description ?? null, runId, own.host, BigInt(own.pid), own.started],
  );
}

/** By the warehouse's clock. */
export const LEASE_END = `now() + INTERVAL ${LEASE_SECONDS} SECONDS`;

class HeldLease implements Lease {
  /** A run that did not commit has left nothing but its staging folder. */
  readonly unfinished = null;
  private readonly losing = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private released: Promise<void> | undefined;

  constructor(
    private readonly settings: LeaseSettings,
    private readonly job: string,
    private readonly runId: string,
    readonly fence: number,
    readonly state: JobState | null,
  ) {
    this.timer = setInterval(() => void this.renew(), settings.renewEveryMs ?? RENEW_EVERY_MS);
    this.timer.unref();
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  release(): Promise<void> {
    clearInterval(this.timer);
    this.released ??= this.giveUp();
    return this.released;
  }

  private async giveUp(): Promise<void> {
    const { file, log } = this.settings;
    if (this.lost.aborted || !(await file.exists())) return;
    try {
      await file.use(
        'read-write',
        async (warehouse) =>
          await this.update(warehouse, `run_id = NULL, run_state = NULL, run_lease_until = NULL`),
        neverAborts(),
      );
    } catch (error) {
      // The next run takes the lease over when this process has ended, or the lease has.
      log.warn('state.lease.not_released', { job: this.job, run_id: this.runId, error: messageOf(error) });
    }
  }

  /** While this process has the file open, nobody else can take the lease; a commit renews it by itself. */
  private async renew(): Promise<void> {
    const { file, log } = this.settings;
    if (file.inUse || this.released !== undefined || this.lost.aborted) return;
    try {
      if (!(await file.exists())) throw new Error(`${file.path} is gone`);
      const changed = await file.use(
        'read-write',
        async (warehouse) => await this.update(warehouse, `run_lease_until = ${LEASE_END}`),
        this.lost,
        AT_ONCE,
      );
      if (changed === 0) this.losing.abort(leaseLost(this.job, this.runId));
    } catch (error) {
      log.debug('state.lease.not_renewed', { job: this.job, run_id: this.runId, error: messageOf(error) });
    }
  }

  private async update(session: WarehouseSession, assignments: string): Promise<number> {
    const table = quoteTable(stateTable(this.settings.schema));
    return await session.run(
      `UPDATE ${table} SET ${assignments} WHERE job = $1 AND run_id = $2 AND fence = $3`,
      [this.job, this.runId, BigInt(this.fence)],
    );
  }
}

function leaseLost(job: string, runId: string): BeamliftError {
  return new BeamliftError('FENCED', {
    what: `Run ${runId} of job ${job} lost its lease`,
    where: { job },
    why: 'Another run found the lease at its end and took it over.',
    hint: 'Nothing of this run is published; the newer run does the work.',
  });
}

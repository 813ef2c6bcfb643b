import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { tableName, type TableReference } from '../../core/clients/bigquery-api';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import type { Clock } from '../../core/clock';
import { BeamliftError } from '../../core/errors';
import type { Logger } from '../../core/logger';
import { neverAborts } from '../../core/never-aborts';
import type { ProcessIdentity } from '../process-identity';
import { KeptLease, LEASE_MS } from './kept-lease';
import { jsonOfObject } from './object-json';
import type { StagingLayout } from './staging-layout';

/** How long a commit waits for that of another job: a load job may take six hours, but rarely takes half of one. */
const PATIENCE_MS = 30 * 60 * 1000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const MAX_LEASE_BYTES = 64 * 1024;

/** Tries to renew a lease that others of the same run change at the same time. */
const MAX_CONFLICTS = 5;

const tableLeaseSchema = z.strictObject({
  version: z.literal(1),
  nonce: z.string(),
  /** Grows whenever the lease is taken. */
  fence: z.int(),
  /** Null: given up. */
  owner: z
    .strictObject({
      job: z.string(),
      runId: z.string(),
      holder: z.strictObject({ host: z.string(), pid: z.int(), started: z.string().nullable() }),
    })
    .nullable(),
});
type TableLease = z.infer<typeof tableLeaseSchema>;

export interface TableLeaseSettings {
  readonly bucket: GcsBucket;
  readonly layout: StagingLayout;
  readonly table: TableReference;
  readonly clock: Clock;
  readonly log: Logger;
  readonly holder: ProcessIdentity;
  readonly isRunning: (identity: ProcessIdentity) => boolean | 'unknown';
}

/** Who commits. */
export interface Committer {
  readonly job: string;
  readonly runId: string;
}

/**
 * Does the work while no other job of this staging folder publishes into the table. `work` gets a signal that also aborts when the lease
 * is lost. Throws DESTINATION_LOCKED when others hold the table for PATIENCE_MS.
 */
export async function withTableLease<Result>(
  settings: TableLeaseSettings,
  committer: Committer,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { clock, log } = settings;
  const lease = new TableLeaseObject(settings, committer);
  await lease.take(signal);
  const kept = new KeptLease({
    clock,
    log,
    subject: `table ${tableName(settings.table)}`,
    renew: async (renewing) => await lease.renew(renewing),
  });
  try {
    return await work(AbortSignal.any([signal, kept.lost]));
  } finally {
    await kept.stop();
    if (!kept.lost.aborted) await lease.giveUp();
  }
}

/** The lease as an object of the staging bucket, with the generation that this process wrote last. */
class TableLeaseObject {
  private readonly objectName: string;
  private generation = '0';
  private fence = 0;

  constructor(
    private readonly settings: TableLeaseSettings,
    private readonly committer: Committer,
  ) {
    this.objectName = settings.layout.tableLease(settings.table);
  }

  async take(signal: AbortSignal): Promise<void> {
    const { clock, log, table } = this.settings;
    const began = clock.now();
    let owner = 'another run';
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const other = await this.tryTake(signal);
      if (other === undefined) return;
      if (pause === FIRST_PAUSE_MS) {
        log.info('table.busy', { table: tableName(table), job: other.job, run_id: other.runId });
      }
      owner = `run ${other.runId} of job ${other.job}`;
      if (clock.now() - began > PATIENCE_MS) break;
      await clock.sleep(pause, signal);
    }
    throw new BeamliftError('DESTINATION_LOCKED', {
      what: `The table ${tableName(table)} is being published into by ${owner}`,
      where: { job: this.committer.job, object: tableName(table) },
      why: `It has been for more than ${PATIENCE_MS / 60_000} minutes.`,
      hint: 'Nothing was published, and what is staged stays: the next run goes on. Schedule jobs that load the same table at different times.',
    });
  }

  /** Another committer of the same run may have it as well, or may have given it up. */
  async renew(signal: AbortSignal): Promise<void> {
    if (await this.write({ owner: this.owner() }, signal)) return;
    const { job, runId } = this.committer;
    const isShared = (owner: Committer): boolean => owner.job === job && owner.runId === runId;
    for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
      if ((await this.tryTake(signal, isShared)) === undefined) return;
    }
    throw this.lost();
  }

  /** Also after an abort: the next run need not wait for the lease to end by itself, as it does when this fails. */
  async giveUp(): Promise<void> {
    try {
      await this.write({ owner: null }, neverAborts());
    } catch {
      this.settings.log.debug('table.lease.left', { table: tableName(this.settings.table) });
    }
  }

  /** The run that has the lease; undefined: it is ours now. */
  private async tryTake(
    signal: AbortSignal,
    // The job's own lease says that an older run of it is dead.
    isOurs: (owner: Committer) => boolean = ({ job }) => job === this.committer.job,
  ): Promise<Committer | undefined> {
    const { bucket, isRunning } = this.settings;
    const object = await bucket.read(this.objectName, MAX_LEASE_BYTES, signal);
    if (object === undefined) {
      this.generation = '0';
      this.fence = 0;
    } else {
      const lease = parseLease(object.body, this.objectName);
      const { owner } = lease;
      const ageMs = object.storeTimeMs - object.updatedMs;
      const isTaken = owner !== null && !isOurs(owner);
      if (isTaken && ageMs < LEASE_MS && isRunning(owner.holder) !== false) return owner;
      this.generation = object.generation;
      this.fence = lease.fence;
    }
    this.fence += 1;
    return (await this.write({ owner: this.owner() }, signal)) ? undefined : { job: '?', runId: '?' };
  }

  private owner(): NonNullable<TableLease['owner']> {
    const { job, runId } = this.committer;
    return { job, runId, holder: this.settings.holder };
  }

  private async write({ owner }: Pick<TableLease, 'owner'>, signal: AbortSignal): Promise<boolean> {
    const lease: TableLease = {
      version: 1,
      nonce: randomBytes(8).toString('hex'),
      fence: this.fence,
      owner,
    };
    const body = Buffer.from(JSON.stringify(lease));
    const written = await this.settings.bucket.write(this.objectName, body, this.generation, signal);
    if (written === 'conflict') return false;
    this.generation = written.generation;
    return true;
  }

  private lost(): BeamliftError {
    return new BeamliftError('FENCED', {
      what: `Run ${this.committer.runId} lost the lease of table ${tableName(this.settings.table)}`,
      where: { job: this.committer.job },
      hint: 'Another run has taken it while this process did not answer. Run the job again.',
    });
  }
}

function parseLease(body: Uint8Array, name: string): TableLease {
  const parsed = tableLeaseSchema.safeParse(jsonOfObject(body));
  if (parsed.success) return parsed.data;
  throw new BeamliftError('NEEDS_ATTENTION', {
    what: `The lease of a table, ${name}, cannot be read`,
    where: { object: name },
    why: 'It was written by a newer beamlift, or changed by hand.',
    hint: 'Upgrade beamlift. If no job is loading the table, the object may be deleted.',
    cause: parsed.error,
  });
}

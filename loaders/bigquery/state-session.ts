import { randomBytes } from 'node:crypto';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import type { Clock } from '../../core/clock';
import { BeamliftError } from '../../core/errors';
import { parseStateDocument, type StateDocument } from './state-document';

/** Far beyond the state of a job with 100,000 files. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;

/** Others change the object once in seconds; who loses so often in a row is up against something else. */
const MAX_CONFLICTS = 20;
const CONFLICT_PAUSE_MS = 50;

/** The state object as it was read or written last. */
export interface KeptDocument {
  readonly document: StateDocument;
  readonly generation: string;
  /** Milliseconds since it was written, by the store's clock at the time of reading; 0 right after a write of ours. */
  readonly ageMs: number;
}

/** A step: the next document, or undefined to leave it as it is. `nowIso`: the store's time. Throwing leaves it as it is, too. */
export type StateStep = (
  kept: KeptDocument | undefined,
  nowIso: string,
) => Omit<StateDocument, 'nonce'> | undefined;

/**
 * A job's state object. Every change is a compare-and-set on the generation that was read; when somebody else was first, it is read again
 * and the step decides anew. Changes of one session wait for each other, so that renewing the lease never disturbs a commit.
 */
export class StateSession {
  private kept: KeptDocument | undefined;
  private known = false;
  private queue: Promise<unknown> = Promise.resolve();
  /** The store's clock less ours, at the last answer. */
  private aheadMs = 0;

  constructor(
    private readonly bucket: GcsBucket,
    readonly objectName: string,
    private readonly clock: Clock,
  ) {}

  /** The store's time, as well as it is known. */
  storeNow(): number {
    return this.clock.now() + this.aheadMs;
  }

  /** As it was read or written last, without asking again; undefined: there is no state yet. */
  async current(signal: AbortSignal): Promise<KeptDocument | undefined> {
    if (!this.known) await this.enqueue(async () => await this.refresh(signal));
    return this.kept;
  }

  /** As it is in the store now. */
  async read(signal: AbortSignal): Promise<KeptDocument | undefined> {
    return await this.enqueue(async () => await this.refresh(signal));
  }

  /** Makes one step. Returns the document as it is afterwards. `reread`: decide on what is in the store now. */
  async change(step: StateStep, signal: AbortSignal, reread = false): Promise<StateDocument | undefined> {
    return await this.enqueue(async () => {
      if (reread || !this.known) await this.refresh(signal);
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
        const next = step(this.kept, new Date(this.storeNow()).toISOString());
        if (next === undefined) return this.kept?.document;
        const document: StateDocument = { ...next, nonce: randomBytes(8).toString('hex') };
        const body = Buffer.from(JSON.stringify(document));
        const written = await this.bucket.write(this.objectName, body, this.kept?.generation ?? '0', signal);
        if (written !== 'conflict') {
          this.aheadMs = written.storeTimeMs - this.clock.now();
          this.kept = { document, generation: written.generation, ageMs: 0 };
          return document;
        }
        await this.refresh(signal);
        await this.clock.sleep(CONFLICT_PAUSE_MS * (conflicts + 1), signal);
      }
      throw new BeamliftError('DESTINATION_UNAVAILABLE', {
        what: `The state object ${this.objectName} is changed by others all the time`,
        where: { object: this.objectName },
        why: `${MAX_CONFLICTS} attempts to change it came too late.`,
        hint: 'Look for other launchers of this job.',
      });
    });
  }

  private async refresh(signal: AbortSignal): Promise<KeptDocument | undefined> {
    const object = await this.bucket.read(this.objectName, MAX_STATE_BYTES, signal);
    this.known = true;
    if (object === undefined) {
      this.kept = undefined;
    } else {
      this.aheadMs = object.storeTimeMs - this.clock.now();
      this.kept = {
        document: parseStateDocument(object.body, this.objectName),
        generation: object.generation,
        ageMs: object.storeTimeMs - object.updatedMs,
      };
    }
    return this.kept;
  }

  private enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.queue.then(work, work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

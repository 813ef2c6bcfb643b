import { z } from 'zod';
import { jsonObjectSchema } from '../../core/plan';

/** A connection as a run store keeps it. */
export const storedConnectionSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  /** As they were written: references are not resolved, and secrets that were written out are in `sealed`. */
  fields: jsonObjectSchema,
  /** Encrypted texts by the names of their fields. */
  sealed: z.record(z.string(), z.string()),
  /** Another one for each time it is written. */
  revision: z.string(),
  /** ISO texts in UTC. */
  created_at: z.string(),
  updated_at: z.string(),
});
export type StoredConnection = z.infer<typeof storedConnectionSchema>;

/** Where a run store keeps connections. */
export interface ConnectionStore {
  get(name: string): Promise<StoredConnection | undefined>;
  /** By name. */
  list(): Promise<StoredConnection[]>;
  /**
   * Writes a connection whose revision is new. `replaces`: the revision that is there; undefined: there is none of the name. False: it is
   * otherwise by now, and nothing was written.
   */
  put(connection: StoredConnection, replaces: string | undefined): Promise<boolean>;
  /** False: it has another revision by now, or is gone. */
  delete(name: string, revision: string): Promise<boolean>;
  close(): Promise<void>;
}

/** By code points, as everywhere where names are sorted. */
export function byName(a: Pick<StoredConnection, 'name'>, b: Pick<StoredConnection, 'name'>): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** Where nothing has been written yet, for those who only look. */
export class EmptyConnectionStore implements ConnectionStore {
  get(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  list(): Promise<StoredConnection[]> {
    return Promise.resolve([]);
  }

  put(): Promise<boolean> {
    return Promise.resolve(false);
  }

  delete(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

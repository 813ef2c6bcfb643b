import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { boundText } from '../../core/bound-text';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import { queryRow, type ResultScope } from './query-result';

const momentSchema = z.strictObject({
  /** By BigQuery's clock, RFC 3339 with microseconds. */
  snapshotTime: z.string().regex(/^[-0-9T:.]+Z$/),
  /** Of the results that this run keeps. */
  nonce: z.string().regex(/^[A-Za-z0-9-]+$/),
});

/** The one moment that all units of a run read. */
export type Moment = z.infer<typeof momentSchema>;

/** Now, by BigQuery's own clock. */
export async function findMoment(
  scope: ResultScope,
  location: string | undefined,
  signal: AbortSignal,
): Promise<Moment> {
  const [micros] = await queryRow(
    scope,
    location,
    'SELECT UNIX_MICROS(CURRENT_TIMESTAMP())',
    'The time of BigQuery could not be found',
    signal,
  );
  if (micros === null || micros === undefined || !/^\d+$/.test(micros)) {
    throw new BeamliftError('CONNECTION_LOST', { what: 'BigQuery did not say what time it is' });
  }
  return { snapshotTime: boundText('timestamp', BigInt(micros)), nonce: randomUUID() };
}

/** What `pin` of the extractor returned. Throws INTERNAL for anything else. */
export function parsePin(pin: JsonObject): Moment {
  const parsed = momentSchema.safeParse(pin);
  if (parsed.success) return parsed.data;
  throw new BeamliftError('INTERNAL', { what: 'The plan holds a pin that is not of BigQuery' });
}

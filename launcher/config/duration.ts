import { z } from 'zod';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const DURATION = /^(\d+(?:\.\d+)?)\s?(s|m|h|d)$/;

const EXPECTED = { error: 'expected seconds, or a text such as 30s, 5m, 1h or 7d' };

/** Seconds, or a text such as `30s`, `5m`, `1h`, `7d`. */
export const durationSchema = z.union(
  [z.number().min(0, EXPECTED), z.string().regex(DURATION, EXPECTED)],
  EXPECTED,
);

/** A duration of the configuration in seconds. */
export function durationSeconds(duration: z.infer<typeof durationSchema>): number {
  if (typeof duration === 'number') return duration;
  const [, amount, unit] = DURATION.exec(duration) ?? [];
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}

import { z } from 'zod';

/** zod copies a record into a plain object and leaves this key out, for its setter would change the prototype. */
const LEFT_OUT = '__proto__';
/** What the key is called on its way through zod; no identifier and no header has U+0000 in front. */
const STAND_IN = '\0__proto__';

/**
 * A record whose keys are names from data: every one is kept, `__proto__` too, in a null-prototype object, so that
 * `constructor` is there only where somebody wrote it.
 */
export function openRecord<Value extends z.ZodType>(
  value: Value,
): z.ZodType<Record<string, z.output<Value>>> {
  return z.preprocess(toStandIn, z.record(z.string(), value)).transform(fromStandIn);
}

function toStandIn(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, LEFT_OUT)) return input;
  return Object.fromEntries(
    Object.entries(input).map(([key, item]: [string, unknown]) => [key === LEFT_OUT ? STAND_IN : key, item]),
  );
}

function fromStandIn<Item>(record: Record<string, Item>): Record<string, Item> {
  const open = Object.create(null) as Record<string, Item>;
  for (const [key, item] of Object.entries(record)) open[key === STAND_IN ? LEFT_OUT : key] = item;
  return open;
}

import type { z } from 'zod';

/** What the JSON schema and docs/configuration.md say about a key. */
export interface KeyDescription {
  /** Whole sentences. */
  readonly description: string;
  /** The value where the key is left out; a text in words goes into the description. */
  readonly default?: string | number | boolean | readonly string[];
  readonly examples?: readonly unknown[];
}

/** A key that may be left out, with its description. Its default is filled in where jobs are built, so that `defaults` can be told from it. */
export function optionalKey<Schema extends z.ZodType>(
  schema: Schema,
  description: KeyDescription,
): z.ZodOptional<Schema> {
  return schema.meta({ ...description }).optional();
}

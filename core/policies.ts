import { z } from 'zod';
import { openRecord } from './open-record';

/**
 * What happens to a value that the destination cannot hold exactly. Every application is counted in the loss ledger.
 * `reject`: the row goes to the reject file; `fail`: the run stops at once.
 */
export const policiesSchema = z.strictObject({
  nan: z.enum(['set_null', 'text', 'reject', 'fail']),
  infinity: z.enum(['set_null', 'text', 'reject', 'fail']),
  out_of_range_date: z.enum(['set_null', 'reject', 'fail']),
  zero_date: z.enum(['set_null', 'reject', 'fail']),
  null_in_array: z.enum(['drop', 'reject', 'fail']),
  /** Null where the destination only has empty arrays. */
  null_array: z.enum(['empty', 'reject', 'fail']),
  nested_array: z.enum(['json_text', 'reject', 'fail']),
  /** A decimal or fraction of a second with more digits than the destination keeps. */
  inexact: z.enum(['round', 'reject', 'fail']),
  /** U+0000 in a text where the destination has none. */
  nul_character: z.enum(['drop', 'reject', 'fail']),
});
export type PolicySet = z.infer<typeof policiesSchema>;

export const jobPoliciesSchema = policiesSchema.extend({
  /** Another rule for single source columns. */
  columns: openRecord(policiesSchema.partial()),
});
export type JobPolicies = z.infer<typeof jobPoliciesSchema>;

export const DEFAULT_POLICIES: PolicySet = {
  nan: 'set_null',
  infinity: 'set_null',
  out_of_range_date: 'reject',
  zero_date: 'set_null',
  null_in_array: 'drop',
  null_array: 'empty',
  nested_array: 'json_text',
  inexact: 'reject',
  nul_character: 'reject',
};

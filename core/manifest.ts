import { z } from 'zod';
import { openRecord } from './open-record';

/** One staged file. */
const partSchema = z.strictObject({
  uri: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
});
export type Part = z.infer<typeof partSchema>;

/** Losses by destination column and rule. */
const lossesSchema = openRecord(z.record(z.string(), z.int().min(0)));

/** What happened to the rows of a unit; `extracted = staged + rejected + filtered`, always. */
const unitCountsSchema = z.strictObject({
  rowsExtracted: z.int().min(0),
  rowsStaged: z.int().min(0),
  rowsRejected: z.int().min(0),
  rowsFiltered: z.int().min(0),
  losses: lossesSchema,
});
export type UnitCounts = z.infer<typeof unitCountsSchema>;

/** What a unit staged. Written once: the first finisher of a unit wins, whoever else staged it leaves orphans. */
export const manifestSchema = z.strictObject({
  runId: z.string(),
  unit: z.string(),
  /** Random, of the attempt that staged these parts. */
  attempt: z.string(),
  parts: z.array(partSchema),
  bytesStaged: z.int().min(0),
  /** Where the unit's rejects are, one JSON object a line. */
  rejectFile: z.string().optional(),
  counts: unitCountsSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

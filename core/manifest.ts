import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from './error-codes';
import { openRecord } from './open-record';

/** One staged file. */
const partSchema = z.strictObject({
  uri: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  /** CRC-32C of the file, in base64 as object stores write it; absent on local disks. */
  crc32c: z.string().optional(),
});
export type Part = z.infer<typeof partSchema>;

/** Losses by destination column and rule. */
const lossesSchema = openRecord(z.record(z.string(), z.int().min(0)));

/** Why a file was left out of its unit. */
const fileFailureSchema = z.strictObject({
  code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
  what: z.string(),
  why: z.string().optional(),
});
export type FileFailure = z.infer<typeof fileFailureSchema>;

/** What a unit did with one of its files. Of a failed one no row is staged, counted or rejected. */
const fileCountsSchema = z.strictObject({
  rowsExtracted: z.int().min(0),
  rowsRejected: z.int().min(0),
  failure: fileFailureSchema.optional(),
  /** Columns of the file that are not in the plan: values that are not null by name, 0 where they were not counted. */
  unknownColumns: openRecord(z.int().min(0)).optional(),
});
export type FileCounts = z.infer<typeof fileCountsSchema>;

/** What happened to the rows of a unit; `extracted = staged + rejected + filtered`, always. */
const unitCountsSchema = z.strictObject({
  rowsExtracted: z.int().min(0),
  rowsStaged: z.int().min(0),
  rowsRejected: z.int().min(0),
  rowsFiltered: z.int().min(0),
  losses: lossesSchema,
  /** By file, where there is more to say than the counts of a unit that is one file. */
  files: openRecord(fileCountsSchema).optional(),
});
export type UnitCounts = z.infer<typeof unitCountsSchema>;

/**
 * What the values of a column add up to, whatever their order: the number of values that are not null, and sums as whole numbers in text,
 * by name. Those of several units add up to those of the run; `min…` and `max…` are compared instead.
 */
const columnDigestSchema = z.strictObject({
  values: z.int().min(0),
  sums: openRecord(z.string()),
});
export type ColumnDigest = z.infer<typeof columnDigestSchema>;

/** By destination column. */
const columnDigestsSchema = openRecord(columnDigestSchema);
export type ColumnDigests = z.infer<typeof columnDigestsSchema>;

/** What a unit staged. Written once: the first finisher of a unit wins, whoever else staged it leaves orphans. */
export const manifestSchema = z.strictObject({
  runId: z.string(),
  unit: z.string(),
  /** Random, of the attempt that staged these parts. */
  attempt: z.string(),
  parts: z.array(partSchema),
  bytesStaged: z.int().min(0),
  /** Where the unit's rejects are, one JSON object a line: a path of the machine that read them, or what `Loader.keepRejects` returned. */
  rejectFile: z.string().optional(),
  counts: unitCountsSchema,
  digests: columnDigestsSchema.optional(),
  /** Partitions of the destination table that the rows go to, without repetition. */
  partitions: z.array(z.string()).optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

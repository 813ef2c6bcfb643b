import { z } from 'zod';
import { openRecord } from '../../core/open-record';
import { jsonObjectSchema } from '../../core/plan';

const tableReferenceSchema = z.strictObject({
  projectId: z.string(),
  datasetId: z.string(),
  tableId: z.string(),
});

/** A job to send, without its id: the id follows from the run, the manifests, `step` and the attempt. */
const plannedJobSchema = z.strictObject({
  /** `load-0`, `load-1`, …, `publish`: part of the job's id. */
  step: z.string(),
  /** `load`, `copy` or `query`, with everything but labels. */
  configuration: jsonObjectSchema,
  /** Rows that a load must report as its output; null: not a load. */
  expectedRows: z.int().nullable(),
});
export type PlannedJob = z.infer<typeof plannedJobSchema>;

/** A question about the temporary tables whose only row must be `expected`, by column name. */
const proofSchema = z.strictObject({
  /** `proof-0`, `proof-1`, …: part of the id of its query job. */
  step: z.string(),
  sql: z.string(),
  expected: openRecord(z.string().nullable()),
  /** What each of these columns is, for people: `values of "amount"`. */
  meaning: openRecord(z.string()),
});
export type Proof = z.infer<typeof proofSchema>;

/** A table to make with `createTable`: where it is there already, that is as good. */
const newTableSchema = z.strictObject({ reference: tableReferenceSchema, resource: jsonObjectSchema });
export type NewTable = z.infer<typeof newTableSchema>;

/**
 * What the publishing job must report.
 *
 * - `output-rows`: a load, `statistics.load.outputRows` = `rowsStaged`
 * - `copied-rows`: a copy, `statistics.copy.copiedRows` = `rowsStaged`
 * - `inserted-rows`: a query that replaces, `statistics.query.dmlStats.insertedRowCount` = `rowsStaged`
 * - `moved-rows`: a script, which has compared the rows itself, in the transaction that publishes them
 * - `merged-rows`: a merge, `insertedRowCount` + `updatedRowCount` at most `rowsStaged`; the others are superseded
 * - `none`: nothing to compare
 */
export const PROOFS_OF_PUBLISH = [
  'output-rows',
  'copied-rows',
  'inserted-rows',
  'moved-rows',
  'merged-rows',
  'none',
] as const;

/**
 * What a commit will send, decided once: whoever commits first writes it beside the parts, and whoever goes on does the same. In order:
 * `temporaryTables` are made, `prepare` fills them (repeating it changes nothing), `proofs` look at them, `createTable` makes the
 * destination table, `addColumns` widens it, `publish` is the one job that makes the rows visible. Temporary tables are deleted afterwards.
 */
export const commitPlanSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  manifestHash: z.string(),
  table: tableReferenceSchema,
  /** Of the dataset, where its jobs run and are asked for; null: not known. */
  location: z.string().nullable(),
  rowsStaged: z.int().min(0),
  /** Made before the jobs, since no job can make a table that expires. */
  temporaryTables: z.array(newTableSchema),
  prepare: z.array(plannedJobSchema),
  proofs: z.array(proofSchema),
  /** The destination table, where the publishing job does not make it itself; null: it is there, or that job does. */
  createTable: newTableSchema.nullable(),
  /** Fields to add to the table by a patch, where the publishing job cannot add them itself. */
  addColumns: z.array(jsonObjectSchema),
  /** Null: there is nothing to publish (no rows). */
  publish: plannedJobSchema.nullable(),
  /**
   * Set where `publish` is a script, whose failure does not tell that it has published nothing: the temporary table that its transaction
   * empties, and the rows that are in it before.
   */
  moves: z.strictObject({ mark: tableReferenceSchema, rows: z.int().min(1) }).exactOptional(),
  proofOfPublish: z.enum(PROOFS_OF_PUBLISH),
});
export type CommitPlan = z.infer<typeof commitPlanSchema>;

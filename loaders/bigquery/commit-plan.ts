import { z } from 'zod';
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

/** A question about the temporary table whose only row must be `expected`, by column name. */
const proofSchema = z.strictObject({
  sql: z.string(),
  expected: z.record(z.string(), z.string().nullable()),
});
export type Proof = z.infer<typeof proofSchema>;

/**
 * What a commit will send, decided once: whoever commits first writes it beside the parts, and whoever goes on does the same. In order:
 * `prepare` fills temporary tables (repeating it changes nothing), `proofs` look at them, `addColumns` widens the table, `publish` is the
 * one job that makes the rows visible.
 */
export const commitPlanSchema = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  manifestHash: z.string(),
  table: tableReferenceSchema,
  rowsStaged: z.int().min(0),
  prepare: z.array(plannedJobSchema),
  proofs: z.array(proofSchema),
  /** Fields to add to the table by a patch, where the publishing job cannot add them itself. */
  addColumns: z.array(jsonObjectSchema),
  /** Null: there is nothing to publish (no rows to append). */
  publish: plannedJobSchema.nullable(),
  /** What the publishing job must report: `outputRows` of a load, `copiedRows` of a copy, changed rows of a merge (at most so many). */
  proofOfPublish: z.enum(['output-rows', 'copied-rows', 'merged-rows', 'none']),
  temporaryTables: z.array(tableReferenceSchema),
});
export type CommitPlan = z.infer<typeof commitPlanSchema>;

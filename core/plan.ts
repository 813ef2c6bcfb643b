/**
 * The words of beamlift, the same in code, command line, logs and docs.
 *
 * - **job**: what a user configures.
 * - **run**: one execution of a job; it has a `run_id`.
 * - **plan**: what a run will do, as plain JSON without secrets.
 * - **window**: the part of an incremental source that a run covers; half open: `lower <= column < upper`.
 * - **work unit**: an independent part of the window; the same unit gives the same rows each time it is read.
 * - **part**: one staged file of a unit.
 * - **manifest**: what a unit staged: parts, rows, bytes, rejects, losses. The first manifest of a unit counts.
 * - **stage**: write rows where the destination can load them, invisible to readers.
 * - **publish**: make staged rows visible.
 * - **commit**: publish all units of a run and change the job's state, at once.
 * - **watermark**: the value of the timestamp column up to which rows are published.
 * - **state**: what a job must remember, kept beside its data.
 * - **run store**: the history of runs; losing it loses no truth.
 * - **reject**: a row that the destination cannot take.
 * - **loss ledger**: every lossy conversion, counted by column and rule.
 * - **runner**: who calls `runUnit`: in process, direct, portable, Dataflow.
 */
import { z } from 'zod';
import { jobPoliciesSchema } from './policies';
import { STAGING_COMPRESSIONS, STAGING_FORMATS } from './encoding';
import { columnSchema, columnTypeSchema, partitioningSchema, tableSchemaSchema } from './schema';

/** The newest shape of a plan that this code writes and reads. */
export const PLAN_VERSION = 1;

/** A bound of a window or range: the value as text that the source can parse back exactly. */
const boundSchema = z.strictObject({ value: z.string(), inclusive: z.boolean() });
export type Bound = z.infer<typeof boundSchema>;

export const windowSchema = z.strictObject({
  column: z.string(),
  lower: boundSchema.nullable(),
  upper: boundSchema.nullable(),
});
export type Window = z.infer<typeof windowSchema>;

/**
 * A part of a file that is read by itself. Of text files by bytes: the records that begin at `start` (inclusive) to `end` (exclusive), where
 * both are places at which a record begins, or the end of the file. Of Parquet by row groups, numbered from 0.
 */
const fileRangeSchema = z.strictObject({
  by: z.enum(['byte', 'row group']),
  start: z.int().min(0),
  end: z.int().min(0),
  /** What there is to read of the file, as stored. */
  bytes: z.int().min(0),
});
export type FileRange = z.infer<typeof fileRangeSchema>;

const fileFields = {
  uri: z.string(),
  /** Of the whole file. */
  bytes: z.number(),
  /** What identifies this content: generation, versionId, etag; size and mtime of a local file. */
  version: z.string(),
  lastModified: z.string().optional(),
  /** Absent: the whole file. A file that is cut has all of its ranges in the same run. */
  range: fileRangeSchema.optional(),
};
const plannedFileSchema = z.strictObject(fileFields);
/** A file, or a range of it, at the version that it had when the run was planned. */
export type PlannedFile = z.infer<typeof plannedFileSchema>;

const unitBase = { id: z.string(), estimatedRows: z.number().optional() };
export const workUnitSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...unitBase, kind: z.literal('all') }),
  z.strictObject({ ...unitBase, kind: z.literal('is-null'), column: z.string() }),
  z.strictObject({
    ...unitBase,
    kind: z.literal('range'),
    column: z.string(),
    lower: boundSchema.nullable(),
    upper: boundSchema.nullable(),
  }),
  /** Rows whose hash, as the source computes it, has this remainder; NULL has the remainder 0. */
  z.strictObject({
    ...unitBase,
    kind: z.literal('hash'),
    column: z.string(),
    modulus: z.int().min(1),
    remainder: z.int().min(0),
  }),
  z.strictObject({ ...unitBase, kind: z.literal('file'), ...fileFields }),
  /** Small files, read one after another in this order; the ranges of a large one where units may not be many. */
  z.strictObject({ ...unitBase, kind: z.literal('files'), files: z.array(plannedFileSchema).min(2) }),
  /** A part that the source itself cut and keeps still for some hours, by the name that it gave: the same name gives the same rows. */
  z.strictObject({ ...unitBase, kind: z.literal('stream'), stream: z.string() }),
]);
export type WorkUnit = z.infer<typeof workUnitSchema>;

/** Plain JSON, as connections and pins are kept in plans. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export const jsonObjectSchema = z.record(z.string(), z.json());
export type JsonObject = z.infer<typeof jsonObjectSchema>;

/** What happens to records of CSV files that have another number of fields than the header. */
export const RAGGED_ROWS = ['reject', 'pad', 'fail'] as const;

/** How Parquet files are decoded: page by page where that can be, or with Rust's Arrow. */
export const PARQUET_DECODERS = ['pages', 'arrow'] as const;
export type ParquetDecoderChoice = (typeof PARQUET_DECODERS)[number];

/** What a job reads from its connection. */
const sourceObjectSchema = z.discriminatedUnion('kind', [
  /** Without a schema, `name` is as people write it in SQL (`public."a.b"`), and the source reads it; with one, both names mean themselves. */
  z.strictObject({ kind: z.literal('table'), schema: z.string().optional(), name: z.string() }),
  z.strictObject({ kind: z.literal('query'), sql: z.string() }),
  z.strictObject({
    kind: z.literal('files'),
    pattern: z.string(),
    format: z.enum(['csv', 'json', 'jsonl', 'parquet']),
    options: z.strictObject({
      delimiter: z.string().optional(),
      quote: z.string().optional(),
      escape: z.string().optional(),
      comment_prefix: z.string().optional(),
      encoding: z.string().optional(),
      has_header: z.boolean().optional(),
      skip_lines: z.int().min(0).optional(),
      null_marker: z.union([z.string(), z.array(z.string())]).optional(),
      quoted_nulls: z.boolean().optional(),
      ragged_rows: z.enum(RAGGED_ROWS).optional(),
      trim: z.boolean().optional(),
      records_path: z.string().optional(),
      parquet_decoder: z.enum(PARQUET_DECODERS).optional(),
    }),
  }),
]);
export type SourceObject = z.infer<typeof sourceObjectSchema>;

/** A source as the plan knows it. `connection` is validated configuration whose secrets are references, never values. */
const sourceSpecSchema = z.strictObject({
  type: z.string(),
  connectionName: z.string(),
  connection: jsonObjectSchema,
  object: sourceObjectSchema,
  /** A WHERE fragment of the user's, for databases. */
  filter: z.string().optional(),
  /** IANA zone in which the user's dates are meant; UTC where absent. */
  timezone: z.string().optional(),
  maxConnections: z.int().min(1),
});
export type SourceSpec = z.infer<typeof sourceSpecSchema>;

const destinationSpecSchema = z.strictObject({
  type: z.string(),
  destinationName: z.string(),
  /** Validated configuration; secrets are references. Paths are absolute. */
  config: jsonObjectSchema,
  /** The schema or dataset; absent: the destination's default. */
  dataset: z.string().optional(),
  table: z.string(),
});
export type DestinationSpec = z.infer<typeof destinationSpecSchema>;

/** How one destination column is made. */
const plannedColumnSchema = z.strictObject({
  /** The source column's name. */
  source: z.string(),
  /** The destination column's name. */
  destination: z.string(),
  sourceType: columnTypeSchema,
  destinationType: columnTypeSchema,
});
export type PlannedColumn = z.infer<typeof plannedColumnSchema>;

const DISPOSITIONS = ['append', 'replace', 'merge'] as const;
const dispositionSchema = z.enum(DISPOSITIONS);
export type Disposition = z.infer<typeof dispositionSchema>;

/** How a created table is made, beyond its columns. */
export const tableOptionsSchema = z.strictObject({
  partitionBy: partitioningSchema.optional(),
  clusterBy: z.array(z.string()),
  description: z.string().optional(),
  kmsKeyName: z.string().optional(),
});
export type TableOptions = z.infer<typeof tableOptionsSchema>;

/** `counts`: rows are counted at every step. `strict`: also, the rows are checked in a temporary table before they are published. */
export const VERIFY_LEVELS = ['counts', 'strict'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

/** Everything that `runUnit` and `commit` need: the plan without its units, and without secrets. */
const runContextSchema = z.strictObject({
  planVersion: z.literal(PLAN_VERSION),
  codeVersion: z.string(),
  runId: z.string(),
  job: z.string(),
  /** Of source and destination: state of another fingerprint is not this job's. */
  fingerprint: z.string(),
  /** Grows with each lease; a commit with a lower one than the state's is refused. */
  fence: z.int(),
  source: sourceSpecSchema,
  destination: destinationSpecSchema,
  /** What pins the source to one point in time (a snapshot id); whatever the extractor's `pin` returned. */
  pin: jsonObjectSchema.optional(),
  disposition: dispositionSchema,
  keyColumns: z.array(z.string()),
  columns: z.array(plannedColumnSchema),
  /** Columns read from the source: those of `columns`, in order, then any that only the window needs. */
  sourceSchema: tableSchemaSchema,
  /** The rows as they are staged: one column for each of `columns`, in order. */
  destinationSchema: tableSchemaSchema,
  /** Whether the destination table is created by this run's commit. */
  createTable: z.boolean(),
  /** Columns that the commit adds to an existing table, all nullable (`schema_update: add_columns`). They are part of `destinationSchema`. */
  newColumns: z.array(columnSchema),
  allowEmpty: z.boolean(),
  window: windowSchema.nullable(),
  /** At most so many rows of the source; null: all. */
  limit: z.int().min(1).nullable(),
  /** What the state's watermark becomes with the commit; null: it stays. */
  nextWatermark: z.string().nullable(),
  /** An append outside of the watermark (`--start-date`, `--end-date`): the commit adds `window` to the state's intervals, so that a second one is refused. */
  backfill: z.boolean(),
  stagingFormat: z.enum(STAGING_FORMATS),
  /** Absent: snappy. */
  stagingCompression: z.enum(STAGING_COMPRESSIONS).optional(),
  verify: z.enum(VERIFY_LEVELS),
  /** Only for a table that this run creates. */
  tableOptions: tableOptionsSchema,
  /** The destination table's partitioning, existing or to be made: units then note which partitions their rows go to. Null: not needed. */
  partitioning: partitioningSchema.nullable(),
  policies: jobPoliciesSchema,
  maxRejects: z.int().min(0),
  /** Whether a file that cannot be read is left out, and named in its unit's manifest; absent: it fails the run. */
  skipBadFiles: z.boolean().optional(),
  /** Of files: columns that the plan knows and does not read, so that nobody takes them for news; absent: none. */
  unreadColumns: z.array(z.string()).optional(),
  /** An absolute folder of this run's own on this machine, for staging of embedded destinations; others stage where their configuration says. */
  stagingFolder: z.string(),
  /** An absolute folder for files of rejected rows, where the destination keeps them on this machine; it outlives the run. */
  rejectFolder: z.string(),
});
export type RunContext = z.infer<typeof runContextSchema>;

/** How a file differs from most of the files that were looked into. */
const fileDriftSchema = z.strictObject({
  file: z.string(),
  /** Columns that most files have and this one has not. */
  lacks: z.array(z.string()),
  /** Columns that this one has and most files have not. */
  additional: z.array(z.string()),
  /** What kind of values its columns hold, where that is another than in most files. */
  types: z.array(z.strictObject({ column: z.string(), type: z.string(), others: z.string() })),
});
export type FileDrift = z.infer<typeof fileDriftSchema>;

const ESTIMATE_QUALITIES = ['exact', 'statistics', 'sampled', 'unknown'] as const;
export const estimateSchema = z.strictObject({
  /** Null where unknown. */
  rows: z.number().nullable(),
  bytes: z.number().nullable(),
  quality: z.enum(ESTIMATE_QUALITIES),
});
export type Estimate = z.infer<typeof estimateSchema>;

const RUNNERS = ['in-process', 'direct', 'portable', 'dataflow'] as const;
const runnerSchema = z.enum(RUNNERS);
export type Runner = z.infer<typeof runnerSchema>;

export const planSchema = z.strictObject({
  context: runContextSchema,
  units: z.array(workUnitSchema),
  estimate: estimateSchema,
  runner: runnerSchema,
  runnerReason: z.string(),
  /** The job counts as large (`runners.threshold_rows`), whoever runs it. */
  large: z.boolean(),
  /** How the units were cut, in a sentence. */
  splitReason: z.string(),
  /** Files that differ from the others, of those that were looked into; absent: none. */
  drift: z.array(fileDriftSchema).optional(),
  /** What a user should know before the run: dropped columns, promises the source cannot make, hazards. */
  notices: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

import { z } from 'zod';
import { STAGING_COMPRESSIONS, STAGING_FORMAT_CHOICES } from '../../core/encoding';
import { openRecord } from '../../core/open-record';
import { RAGGED_ROWS, PARQUET_DECODERS, VERIFY_LEVELS } from '../../core/plan';
import { DEFAULT_POLICIES, policiesSchema, type PolicySet } from '../../core/policies';
import { optionalKey } from './described-key';
import { durationSchema } from './duration';

export const DEFAULT_ROWS_PER_UNIT = 50_000;
export const DEFAULT_HOLD_BACK_SECONDS = 2;
export const DEFAULT_SOURCE_CONNECTIONS = 8;
/** What PostgreSQL accepts for one login by default, less a few for everyone else. */
const MAX_SOURCE_CONNECTIONS = 90;

/** Of a preamble; more are a mistake. */
const MAX_SKIPPED_LINES = 1_000_000;

const POLICY_DESCRIPTIONS = {
  nan: 'NaN in a float or decimal that the destination cannot hold.',
  infinity: 'An infinite number, date or timestamp that the destination cannot hold.',
  out_of_range_date: 'A date or timestamp beyond what the destination holds.',
  zero_date: 'The text of a date whose month or day is zero, such as `0000-00-00`.',
  null_in_array: 'A null in an array where the destination has none.',
  null_array: 'Null instead of an array where the destination has only empty ones.',
  nested_array: 'An array of arrays where the destination has none.',
  inexact:
    'More digits than the destination keeps: of a decimal, a float or a second; or the time of a datetime that becomes a date.',
  nul_character: 'The character U+0000 in a text where the destination has none.',
} as const satisfies Record<keyof PolicySet, string>;

type DescribePolicy = <Schema extends z.ZodType>(
  schema: Schema,
  name: keyof PolicySet,
) => z.ZodOptional<Schema>;

function policyShape(described: DescribePolicy) {
  const { shape } = policiesSchema;
  return {
    nan: described(shape.nan, 'nan'),
    infinity: described(shape.infinity, 'infinity'),
    out_of_range_date: described(shape.out_of_range_date, 'out_of_range_date'),
    zero_date: described(shape.zero_date, 'zero_date'),
    null_in_array: described(shape.null_in_array, 'null_in_array'),
    null_array: described(shape.null_array, 'null_array'),
    nested_array: described(shape.nested_array, 'nested_array'),
    inexact: described(shape.inexact, 'inexact'),
    nul_character: described(shape.nul_character, 'nul_character'),
  } satisfies Record<keyof PolicySet, z.ZodType>;
}

/** For a single column; what it does not say, the job says. */
const columnPoliciesSchema = z.strictObject(
  policyShape((schema, name) => optionalKey(schema, { description: POLICY_DESCRIPTIONS[name] })),
);

const policiesKeySchema = z.strictObject({
  ...policyShape((schema, name) =>
    optionalKey(schema, { description: POLICY_DESCRIPTIONS[name], default: DEFAULT_POLICIES[name] }),
  ),
  columns: optionalKey(openRecord(columnPoliciesSchema), {
    description: 'Other policies for single source columns, as in `{ amount: { nan: reject } }`.',
  }),
});

const columnName = z.string().min(1);

const splitSchema = z.strictObject({
  rows_per_unit: optionalKey(z.int().min(1), {
    description:
      'About so many rows make a work unit. Where it is not set, ranges of large files have about 64 MiB of text.',
    default: DEFAULT_ROWS_PER_UNIT,
  }),
  by: optionalKey(z.enum(['auto', 'date', 'range', 'hash', 'none']), {
    description:
      'How the rows are cut: `date` and `range` by ranges of an ordered column, `hash` by a hash of the key, `none` not at all; `auto` takes what the source offers. Large files are cut into ranges unless it is `none`.',
    default: 'auto',
  }),
});

const fileFormatOptionsSchema = z.strictObject({
  delimiter: optionalKey(z.string(), {
    description: 'CSV: what stands between fields, one character or several. A tab is written `"\\t"`.',
    default: ',',
    examples: [';', '||'],
  }),
  quote: optionalKey(z.string(), {
    description: 'CSV: the character around fields that hold delimiters or line ends; `""`: there is none.',
    default: '"',
  }),
  escape: optionalKey(z.string(), {
    description:
      'CSV: a character that takes its meaning from a quote, a delimiter, a line end, or the same character behind it; in front of others it is text. Doubled quotes are understood all the same. By default, only they are.',
    default: '',
    examples: ['\\'],
  }),
  comment_prefix: optionalKey(z.string(), {
    description: 'CSV: lines that begin with this text are skipped, except within quotes.',
    default: '',
    examples: ['#'],
  }),
  encoding: optionalKey(z.string().min(1), {
    description:
      'CSV: the encoding of the file, as in `latin1`, `windows-1252`, `utf-16le`. Left out: UTF-8. A byte order mark at the beginning of a file comes before it.',
    examples: ['windows-1252'],
  }),
  has_header: optionalKey(z.boolean(), {
    description:
      'CSV: whether the first record names the columns. Without a header they are called column_1, column_2, ….',
    default: true,
  }),
  skip_lines: optionalKey(z.int().min(0).max(MAX_SKIPPED_LINES), {
    description:
      'CSV: so many lines at the beginning of each file are skipped, whatever is in them; the header comes behind.',
    default: 0,
    examples: [3],
  }),
  null_marker: optionalKey(
    z.union([z.string(), z.array(z.string()).min(1)], { error: 'expected a text, or a list of texts' }),
    {
      description:
        'CSV: a field with this text, or one of these, that is not in quotes is null. By default, that is the empty field; a list replaces it.',
      default: '',
      examples: ['\\N', ['', 'NULL', 'n/a']],
    },
  ),
  quoted_nulls: optionalKey(z.boolean(), {
    description:
      'CSV: whether fields in quotes can be null as well, for files in which every field is quoted.',
    default: false,
  }),
  ragged_rows: optionalKey(z.enum(RAGGED_ROWS), {
    description:
      'CSV: records with another number of fields than the header. `reject`: they go to the reject file; `pad`: missing fields are null, empty ones too many are left out, others are rejected; `fail`: the run stops at the first.',
    default: 'reject',
  }),
  trim: optionalKey(z.boolean(), {
    description: 'CSV: whether spaces and tabs around fields and around their quotes are left out.',
    default: false,
  }),
  records_path: optionalKey(z.string(), {
    description:
      'JSON: where in each document the records are, as a JSON pointer: the keys from the outside, each behind a slash. A slash within a key is written `~1`, a tilde `~0`.',
    examples: ['/data/items'],
  }),
  parquet_decoder: optionalKey(z.enum(PARQUET_DECODERS), {
    description:
      "Parquet: how files are decoded. `pages`: page by page, with little memory, and what cannot be read so with Rust's Arrow; `arrow`: everything with Rust's Arrow, in a thread, which takes more memory and CPU.",
    default: 'pages',
  }),
});

/** What BigQuery takes. */
const MAX_CLUSTERING_COLUMNS = 4;

const partitionColumn = columnName.describe('A destination column.');

const partitionBySchema = z.union(
  [
    columnName,
    z.strictObject({
      column: partitionColumn,
      by: z.enum(['hour', 'day', 'month', 'year']).describe('What one partition holds.'),
    }),
    z.strictObject({
      column: partitionColumn,
      start: z.int().describe('Where the first range begins.'),
      end: z.int().describe('Where the last range ends, exclusive.'),
      interval: z.int().min(1).describe('How many numbers one partition holds.'),
    }),
  ],
  {
    error:
      'expected a column, as in created_at; { column: created_at, by: month } with hour, day, month or year; or { column: id, start: 0, end: 1000000, interval: 1000 }',
  },
);

const tableOptionsKeySchema = z.strictObject({
  partition_by: optionalKey(partitionBySchema, {
    description:
      'The destination column by whose values the table is divided: its name, for days; with `by` for hours, days, months or years; or with `start` (inclusive), `end` (exclusive) and `interval` for ranges of whole numbers.',
    examples: [
      'created_at',
      { column: 'created_at', by: 'month' },
      { column: 'id', start: 0, end: 1_000_000, interval: 1000 },
    ],
  }),
  cluster_by: optionalKey(z.array(columnName).min(1).max(MAX_CLUSTERING_COLUMNS), {
    description: 'Destination columns by which the rows of a partition are sorted, up to four.',
    examples: [['customer_id', 'status']],
  }),
  description: optionalKey(z.string(), { description: 'The description of the table.' }),
  kms_key_name: optionalKey(
    z
      .string()
      .regex(
        /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+$/,
        'expected projects/P/locations/L/keyRings/R/cryptoKeys/K',
      ),
    {
      description:
        'The Cloud KMS key that encrypts the table, `projects/P/locations/L/keyRings/R/cryptoKeys/K`.',
    },
  ),
});

/** Every key of a job, as it is written. What goes together and what is needed is said by `job-rules.ts`. */
export const jobSchema = z.strictObject({
  connection: optionalKey(z.string().min(1), {
    description: 'The connection to read from: a name under `connections`.',
    examples: ['shop'],
  }),
  source_type: optionalKey(z.string().min(1), {
    description: 'Instead of `connection`: the kind of source, with its fields in `connection_params`.',
    examples: ['postgresql'],
  }),
  connection_params: optionalKey(z.record(z.string(), z.unknown()), {
    description: 'With `source_type`: the fields of the connection.',
    examples: [{ host: '127.0.0.1', database: 'shop', user: 'etl', password: '${env:SHOP_PASSWORD}' }],
  }),
  source_table_name: optionalKey(z.string().min(1), {
    description: 'The table or view to read. Names with dots or spaces are quoted as in SQL.',
    examples: ['public.orders', 'public."order lines"'],
  }),
  query: optionalKey(z.string().trim().min(1), {
    description: 'Instead of a table: a SELECT statement.',
    examples: ['SELECT id, total FROM public.orders WHERE total > 0'],
  }),
  source_tables: optionalKey(z.array(z.string().min(1)).min(1), {
    description:
      'Instead of one table: patterns with `*` and `?`. Each table that matches becomes a job of its own, called JOB.TABLE.',
    examples: [['public.*']],
  }),
  file_pattern: optionalKey(z.string().min(1), {
    description:
      'The files to read, from the folder of the connection: `*` and `?` within a name, `**` across folders.',
    examples: ['sales/**/*.csv'],
  }),
  file_format: optionalKey(z.enum(['csv', 'json', 'jsonl', 'parquet']), {
    description:
      'The format of the files; `json` is an array of objects, or objects one behind the other, `jsonl` one object a line. Left out, the ending of `file_pattern` says it, also in front of `.gz` or `.zst`.',
  }),
  file_format_options: optionalKey(fileFormatOptionsSchema, {
    description: 'How CSV and JSON files are written.',
  }),
  file_selection: optionalKey(z.enum(['all', 'latest']), {
    description: 'For catalog loads: all files that match, or only the one that was changed last.',
    default: 'all',
  }),
  on_bad_file: optionalKey(z.enum(['fail', 'skip']), {
    description:
      'A file that cannot be read, or has more rejected rows than `rejects.max`: `fail` the run, and nothing is loaded, or `skip` the file: the others are loaded, the exit code is 3, and the next run tries it again.',
    default: 'fail',
  }),
  load_type: optionalKey(z.enum(['transactional', 'append', 'catalog', 'replace', 'merge']), {
    description:
      '`transactional` (or `append`) adds what is new since the last run: rows by `timestamp_column`, or new and changed files. `catalog` (or `replace`) replaces the whole table at once. `merge` inserts and updates rows by `key_columns`.',
  }),
  timestamp_column: optionalKey(columnName, {
    description:
      'The column that says what is new: a timestamp, a date or a growing number. Needed for transactional loads of databases; a merge without it reads everything.',
    examples: ['created_at'],
  }),
  historical_start_date: optionalKey(z.union([z.string(), z.number()]), {
    description:
      'Where the first run begins: a date or instant in `timezone`, or a number. Left out, it loads everything.',
    examples: ['2024-01-01'],
  }),
  last_sync_value: optionalKey(z.union([z.string(), z.number(), z.null()]), {
    description:
      'Up to where another tool has loaded already; used only as long as the job has no state of its own. An empty text is no value.',
  }),
  hold_back: optionalKey(durationSchema, {
    description:
      'Rows younger than this wait for the next run, for transactions that are still open when the run begins.',
    default: '2s',
  }),
  lookback: optionalKey(durationSchema, {
    description:
      'For merge loads: reads again what is so much older than the last run, for rows that arrive late.',
    default: 0,
    examples: ['1h'],
  }),
  timezone: optionalKey(z.string().min(1), {
    description: 'The IANA zone in which dates of this job are meant.',
    default: 'UTC',
    examples: ['Europe/Warsaw'],
  }),
  filter: optionalKey(z.string().trim().min(1), {
    description: 'A condition in the SQL of the source; other rows are not read.',
    examples: ["status <> 'draft'"],
  }),
  selected_columns: optionalKey(z.array(columnName), {
    description: 'The source columns to load. Empty: all of them.',
    default: [],
  }),
  column_mapping: optionalKey(openRecord(columnName), {
    description:
      'Other names for columns: source name to destination name, as in `{ "DiscountApplied(%)": discountapplied }`.',
  }),
  key_columns: optionalKey(z.array(columnName).min(1), {
    description: 'For merge loads: the source columns that identify a row.',
    examples: [['id']],
  }),
  destination: optionalKey(z.string().min(1), {
    description: 'Where the rows go: a name under `destinations`. May be left out where there is only one.',
    examples: ['warehouse'],
  }),
  dataset: optionalKey(z.string().min(1), {
    description: 'Another schema or dataset than that of the destination.',
  }),
  dest_table_name: optionalKey(z.string().min(1), {
    description:
      'The table to load into. Left out: the last part of the name of the table, or the name of the job. `{table}` and `{schema}` stand for the names of the source table; with `source_tables` the default is `{table}`.',
    examples: ['orders', '{schema}_{table}'],
  }),
  create_table: optionalKey(z.boolean(), {
    description:
      'Whether the destination table is created where it does not exist. The default is that of the destination: true for DuckDB, false for BigQuery.',
  }),
  schema_update: optionalKey(z.enum(['none', 'add_columns']), {
    description:
      'What happens with source columns that the destination table lacks: left out with a notice, or added.',
    default: 'none',
  }),
  allow_empty: optionalKey(z.boolean(), {
    description: 'Whether zero rows may replace a table that has some.',
    default: false,
  }),
  split: optionalKey(splitSchema, {
    description: 'How a table, or a large file, is cut into work units.',
  }),
  max_source_connections: optionalKey(z.int().min(1).max(MAX_SOURCE_CONNECTIONS), {
    description: 'At most so many work units read from the source at once.',
    default: DEFAULT_SOURCE_CONNECTIONS,
  }),
  policies: optionalKey(policiesKeySchema, {
    description:
      'What happens to values that the destination cannot hold. `reject`: the row goes to the reject file; `fail`: the run stops. Every application is counted in the report.',
  }),
  rejects: optionalKey(
    z.strictObject({
      max: optionalKey(z.int().min(0), {
        description: 'More rejected rows than this fail the run, and nothing is loaded.',
        default: 0,
      }),
    }),
    { description: 'Rows that cannot be loaded go to a file of the run, which the report names.' },
  ),
  verify: optionalKey(z.enum(VERIFY_LEVELS), {
    description:
      '`counts`: rows are counted at every step. `strict`: the rows are also loaded into a temporary table first, and what a query says about every column there is compared with what was read, before they are published.',
    default: 'counts',
  }),
  staging_format: optionalKey(z.enum(STAGING_FORMAT_CHOICES), {
    description:
      'The format of staged files. Left out, it is Avro unless a column cannot be said in Avro exactly.',
  }),
  staging_compression: optionalKey(z.enum(STAGING_COMPRESSIONS), {
    description:
      'How staged Avro is compressed: `snappy` takes the least CPU for its size, `deflate` makes it a third smaller for four times the CPU, `none` more than twice as large.',
    default: 'snappy',
  }),
  table_options: optionalKey(tableOptionsKeySchema, {
    description:
      'How the destination table is made, where the job creates it. An existing table stays as it is.',
  }),
  timeout: optionalKey(durationSchema, {
    description: 'A run that takes longer is stopped, and nothing is loaded. Left out: no limit.',
    examples: ['1h'],
  }),
});

/** The keys of a job as they are written, checked one by one. */
export type JobKeys = z.output<typeof jobSchema>;
export type JobKey = keyof typeof jobSchema.shape;

export const JOB_KEYS = Object.keys(jobSchema.shape) as JobKey[];

/** Keys that say what a job reads; a job has one of them. */
export const OBJECT_KEYS = [
  'source_table_name',
  'query',
  'source_tables',
  'file_pattern',
] as const satisfies JobKey[];

/** Keys that only one category of sources knows. */
export const CATEGORY_KEYS = {
  database: [
    'source_table_name',
    'query',
    'source_tables',
    'timestamp_column',
    'historical_start_date',
    'last_sync_value',
    'hold_back',
    'lookback',
    'timezone',
    'filter',
  ],
  files: ['file_pattern', 'file_format', 'file_format_options', 'file_selection', 'on_bad_file'],
} as const satisfies Record<'database' | 'files', JobKey[]>;

import path from 'node:path';
import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import type { DestinationModule, Loader } from '../../core/loader';
import { checkDuckdb } from './check-duckdb';
import { DuckdbLoader } from './duckdb-loader';
import { parseDuckdbUrl } from './duckdb-url';
import { DUCKDB_NDJSON, DUCKDB_RULES } from './rules';
import { DEFAULT_SCHEMA } from './sql-text';
import { typeFor } from './types';

/** One thread takes 2 s for 1,000,000 rows of 500 bytes, two 1.4 s, with twice the memory for what is being written. */
const DEFAULT_THREADS = 1;

/**
 * Of the source, by its own estimate: each unit compiles its codecs and takes its memory anew, which costs about as much as 10 MB of rows
 * (1,000,000 rows of 330 MB as 21 units: 1.5 s of 6). In bytes.
 */
const MIN_UNIT_BYTES = 96 * 1024 * 1024;

/** No more than any plan has. */
const MAX_UNITS = 20_000;

/** DuckDB's own limit is higher; more threads than this only cost memory here. */
const MAX_THREADS = 64;

const configSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      "The DuckDB file; made by the first run. A relative path is meant from the configuration's folder.",
    ),
  schema: z
    .string()
    .min(1)
    .default(DEFAULT_SCHEMA)
    .describe('The schema of the tables; made by the first run.'),
  memory_limit: z
    .string()
    .regex(/^\d+(?:\.\d+)?\s*(?:[KMGT]i?B)$/i, 'a number and a unit, such as 200MB')
    .optional()
    .describe(
      "DuckDB's memory while it publishes, such as `200MB`; what does not fit goes to the staging folder. Left out, it is 64 MB and as much more as a table turns out to need.",
    ),
  threads: z
    .int()
    .min(1)
    .max(MAX_THREADS)
    .default(DEFAULT_THREADS)
    .describe('Threads while DuckDB publishes; each needs memory of its own.'),
});

/** Tables that are beamlift's own begin with this. */
const OWN_TABLES = /^_beamlift_/i;

function refuseOwnTables(table: string): void {
  if (!OWN_TABLES.test(table)) return;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `${table} cannot be loaded into`,
    where: { object: table },
    why: 'Names that begin with _beamlift_ belong to beamlift itself.',
    hint: 'Give the job another dest_table_name.',
  });
}

export const duckdb = {
  type: 'duckdb',
  title: 'DuckDB file',
  embedded: true,
  configSchema,
  secretFields: [],
  pathFields: ['path'],
  createTableByDefault: true,
  rules: DUCKDB_RULES,
  ndjson: DUCKDB_NDJSON,
  jobKeys: [],
  stagingFormat: () => ({ format: 'parquet', reason: undefined }),
  unitSize: { minBytes: MIN_UNIT_BYTES, maxUnits: MAX_UNITS },
  typeFor,
  parseUrl: parseDuckdbUrl,
  open: async (destination, services) => {
    const config = configSchema.parse(destination.config);
    refuseOwnTables(destination.table);
    const loader: Loader = new DuckdbLoader({
      path: path.resolve(services.baseFolder, config.path),
      table: { schema: destination.dataset ?? config.schema, name: destination.table },
      memoryLimit: config.memory_limit,
      threads: config.threads,
      log: services.log,
    });
    return await Promise.resolve(loader);
  },
  check: async (config, services, signal) =>
    await checkDuckdb(path.resolve(services.baseFolder, configSchema.parse(config).path), signal),
} as const satisfies DestinationModule<'duckdb'>;

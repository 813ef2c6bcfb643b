/*
 * Limits of BigQuery's jobs, from "Quotas and limits" of its documentation: "Load jobs", "Copy jobs", "Query jobs", "Partitioned tables".
 * Where it leaves open whether a TB is 10^12 or 2^40 bytes, the smaller one counts.
 */

/** `sourceUris` of a load job. */
export const MAX_URIS_PER_LOAD_JOB = 10_000;

/** All files of a load job together, in bytes. */
export const MAX_BYTES_PER_LOAD_JOB = 15_000_000_000_000;

/** An uncompressed or block-compressed (Avro) file, in bytes. */
export const MAX_PLAIN_FILE_BYTES = 5_000_000_000_000;

/** A file compressed as a whole, in bytes: it is not read in parallel, nor in one job with plain ones. */
export const MAX_GZIP_FILE_BYTES = 4_000_000_000;

/** `sourceTables` of a copy job. */
export const MAX_TABLES_PER_COPY_JOB = 1_200;

/** Tables that one query may name. */
export const MAX_TABLES_PER_QUERY = 1_000;

/** A statement as it is sent, in characters: 1,024k with comments and spaces. */
export const MAX_QUERY_CHARACTERS = 1_024_000;

/** Partitions that one job may change, whether it loads, copies or queries ("Partitioned tables"). Each statement of a script is a job of its own. */
export const MAX_PARTITIONS_PER_JOB = 4_000;

/** Partition modifications of all statements of a transaction together ("Query jobs", and "Multi-statement transactions", "Limitations"). */
export const MAX_PARTITIONS_PER_TRANSACTION = 100_000;

/** Partitions of a table. */
export const MAX_PARTITIONS_PER_TABLE = 10_000;

/** A request of the API, in bytes. */
export const MAX_REQUEST_BYTES = 10_000_000;

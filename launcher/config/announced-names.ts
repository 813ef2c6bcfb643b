/**
 * What belongs to the configuration but not to this version: its own message, instead of one about a mistyped name.
 * A module or key that is there is never looked for here.
 */
export const ANNOUNCED_SOURCES: readonly string[] = ['http_api'];
export const ANNOUNCED_DESTINATIONS: readonly string[] = ['postgres', 'postgresql', 'redis'];
export const ANNOUNCED_JOB_KEYS: readonly string[] = ['metadata_columns', 'schedule'];
/** Schemes of URLs, and the kind of source or destination they mean. */
export const ANNOUNCED_SCHEMES: ReadonlyMap<string, string> = new Map([
  ['postgres', 'postgres'],
  ['postgresql', 'postgres'],
  ['redis', 'redis'],
  ['http', 'http_api'],
  ['https', 'http_api'],
]);

/** Words of other tools for keys of a job. */
export const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['table', 'source_table_name'],
  ['source_table', 'source_table_name'],
  ['tables', 'source_tables'],
  ['sql', 'query'],
  ['path', 'file_pattern'],
  ['files', 'file_pattern'],
  ['pattern', 'file_pattern'],
  ['format', 'file_format'],
  ['mode', 'load_type'],
  ['write_disposition', 'load_type'],
  ['cursor', 'timestamp_column'],
  ['cursor_column', 'timestamp_column'],
  ['incremental_key', 'timestamp_column'],
  ['updated_at', 'timestamp_column'],
  ['primary_key', 'key_columns'],
  ['unique_key', 'key_columns'],
  ['columns', 'selected_columns'],
  ['rename', 'column_mapping'],
  ['where', 'filter'],
  ['source', 'connection'],
  ['dest', 'destination'],
  ['target', 'destination'],
  ['target_table', 'dest_table_name'],
  ['dest_table', 'dest_table_name'],
  ['delimiter', 'file_format_options'],
  ['encoding', 'file_format_options'],
  ['has_header', 'file_format_options'],
  ['null_marker', 'file_format_options'],
  ['parquet_decoder', 'file_format_options'],
  ['records_path', 'file_format_options'],
  ['skip_lines', 'file_format_options'],
  ['partition_by', 'table_options'],
  ['cluster_by', 'table_options'],
]);

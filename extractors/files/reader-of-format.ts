import { lazyModules } from '../../core/lazy-modules';
import type { SourceObject } from '../../core/plan';
import type * as Csv from '../formats/csv';
import { checkOptions } from '../formats/format-options';
import type { FormatReader } from '../formats/format-reader';
import type * as Json from '../formats/json';
import type * as Parquet from '../formats/parquet';

/** A run reads one format. */
const load = lazyModules(__filename);
const formats = {
  csv: () => load('../formats/csv') as typeof Csv,
  json: () => load('../formats/json') as typeof Json,
  parquet: () => load('../formats/parquet') as typeof Parquet,
};

type FilesObject = Extract<SourceObject, { kind: 'files' }>;

/** The reader of a job's `file_format`. Throws CONFIG_INVALID for options that the format cannot have. */
export function readerOfFormat({ format, options }: Pick<FilesObject, 'format' | 'options'>): FormatReader {
  checkOptions(format, options);
  switch (format) {
    case 'csv':
      return formats.csv().csvReader(options);
    case 'json':
      return formats.json().jsonReader(options);
    case 'jsonl':
      return formats.json().jsonlReader();
    case 'parquet':
      return formats.parquet().parquetReader(options);
  }
}

import type { SourceObject } from '../../core/plan';
import { csvReader } from '../formats/csv';
import { checkOptions } from '../formats/format-options';
import type { FormatReader } from '../formats/format-reader';
import { jsonlReader, jsonReader } from '../formats/json';
import { parquetReader } from '../formats/parquet';

type FilesObject = Extract<SourceObject, { kind: 'files' }>;

/** The reader of a job's `file_format`. Throws CONFIG_INVALID for options that the format cannot have. */
export function readerOfFormat({ format, options }: Pick<FilesObject, 'format' | 'options'>): FormatReader {
  checkOptions(format, options);
  switch (format) {
    case 'csv':
      return csvReader(options);
    case 'json':
      return jsonReader(options);
    case 'jsonl':
      return jsonlReader();
    case 'parquet':
      return parquetReader();
  }
}

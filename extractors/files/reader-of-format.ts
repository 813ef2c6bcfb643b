import { BeamliftError } from '../../core/errors';
import type { SourceObject } from '../../core/plan';
import { csvReader } from '../formats/csv';
import type { FormatReader } from '../formats/format-reader';
import { parquetReader } from '../formats/parquet';

type FilesObject = Extract<SourceObject, { kind: 'files' }>;

/** The reader of a job's `file_format`. Throws CONFIG_INVALID for options that the format cannot have. */
export function readerOfFormat({ format, options }: Pick<FilesObject, 'format' | 'options'>): FormatReader {
  switch (format) {
    case 'csv':
      return csvReader(options);
    case 'parquet':
      return parquetReader();
    case 'json':
    case 'jsonl':
      throw new BeamliftError('PLAN_REFUSED', { what: `${format} is not available in this version.` });
  }
}

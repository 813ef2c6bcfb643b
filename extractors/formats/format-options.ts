import { BeamliftError } from '../../core/errors';
import type { SourceObject } from '../../core/plan';
import { csvOptionProblems } from './csv-options';
import type { FormatOptions } from './csv-dialect';
import { parseRecordsPath } from './json-path';

type FileFormat = Extract<SourceObject, { kind: 'files' }>['format'];

/** Why an option cannot be what it is: a clause without its name. */
export interface OptionProblem {
  readonly option: keyof FormatOptions;
  readonly text: string;
}

const FORMAT_OF_OPTIONS = {
  delimiter: 'csv',
  quote: 'csv',
  escape: 'csv',
  comment_prefix: 'csv',
  encoding: 'csv',
  has_header: 'csv',
  skip_lines: 'csv',
  null_marker: 'csv',
  quoted_nulls: 'csv',
  ragged_rows: 'csv',
  trim: 'csv',
  records_path: 'json',
  parquet_decoder: 'parquet',
} as const satisfies Record<keyof FormatOptions, FileFormat>;

/** Everything that is wrong with the options of files in a format; empty: nothing. */
export function optionProblems(format: FileFormat, options: FormatOptions): OptionProblem[] {
  const names = Object.keys(FORMAT_OF_OPTIONS) as (keyof FormatOptions)[];
  const given = names.filter((option) => options[option] !== undefined);
  const foreign = given.filter((option) => FORMAT_OF_OPTIONS[option] !== format);
  const problems = foreign.map((option): OptionProblem => {
    const advice =
      option === 'records_path' && format === 'jsonl'
        ? 'remove it; with `file_format: json`, each line is a document of its own with such a path'
        : 'remove it';
    return { option, text: `is for ${FORMAT_OF_OPTIONS[option]} files, and these are ${format}; ${advice}` };
  });
  if (format === 'csv') problems.push(...csvOptionProblems(options));
  if (format === 'json' && options.records_path !== undefined) {
    const parsed = parseRecordsPath(options.records_path);
    if (typeof parsed === 'string') problems.push({ option: 'records_path', text: parsed });
  }
  return problems;
}

/** Throws CONFIG_INVALID with everything that is wrong with the options. */
export function checkOptions(format: FileFormat, options: FormatOptions): void {
  const problems = optionProblems(format, options);
  const [first] = problems;
  if (first === undefined) return;
  throw new BeamliftError('CONFIG_INVALID', {
    what: problems.map(({ option, text }) => `file_format_options.${option} ${text}.`).join(' '),
    where: { object: `file_format_options.${first.option}` },
  });
}

import { BeamliftError, showValue } from '../../core/errors';
import type { Reject } from '../../core/reject';
import type { CsvSettings } from './csv-dialect';
import { namesFromHeader, numberedNames, type ColumnNames } from './csv-header';
import { MAX_FIELDS, type CsvRecord } from './csv-record';

/** What a record of a table is: its header or first row decided the width, every other record is held against it. */
export class CsvTable {
  private readonly onlyEmptyIsNull: boolean;
  private readonly longestNull: number;

  /** `columns`: of a file whose beginning was seen before. Undefined until the first record that is not blank. */
  constructor(
    private readonly settings: CsvSettings,
    public columns?: ColumnNames,
  ) {
    const { nullMarkers, quotedNulls } = settings;
    this.onlyEmptyIsNull = nullMarkers.length === 1 && nullMarkers[0] === '' && !quotedNulls;
    this.longestNull = Math.max(...nullMarkers.map((marker) => marker.length));
  }

  /**
   * Whether the record is a row, a reject, or nothing to load (`skip`: the header, a blank line). In a file of one column a blank
   * line is a row with an empty field, as PostgreSQL and DuckDB write and read it: skipping it would lose rows.
   * Throws FORMAT_INVALID or LIMIT_EXCEEDED for a header that gives no names.
   */
  classify(record: CsvRecord): 'row' | 'reject' | 'skip' {
    const width = this.columns?.names.length;
    if (record.blank && width !== 1) return 'skip';
    if (width === undefined) {
      this.columns = this.settings.hasHeader ? readHeader(record) : numberedNames(boundedCount(record));
      if (this.settings.hasHeader) return 'skip';
      return record.problem === undefined ? 'row' : 'reject';
    }
    if (record.problem !== undefined) return 'reject';
    return record.count === width || this.canBePadded(record, width) ? 'row' : 'reject';
  }

  private canBePadded(record: CsvRecord, width: number): boolean {
    if (this.settings.raggedRows !== 'pad') return false;
    const stored = Math.min(record.count, MAX_FIELDS);
    for (let index = width; index < stored; index++) if (record.hasContent(index)) return false;
    return stored === record.count;
  }

  private isNull(record: CsvRecord, index: number, text: string): boolean {
    if (text.length > this.longestNull || !this.settings.nullMarkers.includes(text)) return false;
    return !record.hasEscapes(index) && (this.settings.quotedNulls || !record.isQuoted(index));
  }

  /** The cell of field `index`: its text, or null, also where the record is shorter. Undefined: its bytes are not valid in the encoding. */
  cell(record: CsvRecord, index: number): string | null | undefined {
    if (index >= record.count) return null;
    if (this.onlyEmptyIsNull) return record.hasContent(index) ? record.text(index) : null;
    const text = record.text(index);
    return text !== undefined && this.isNull(record, index, text) ? null : text;
  }

  /** The reject of a record that `classify` called one. */
  reject(record: CsvRecord): Reject {
    const width = this.columns?.names.length ?? 0;
    const model = this.settings.hasHeader ? 'the header' : 'the first row';
    const fields = record.count === 1 ? '1 field' : `${record.count} fields`;
    return {
      row: `line ${record.line}`,
      value: showValue(record.preview()),
      reason: record.problem ?? `${fields} where ${model} has ${width}`,
    };
  }

  /** The error instead of such a reject, where the job wants one. */
  refusal(record: CsvRecord): BeamliftError | undefined {
    if (this.settings.raggedRows !== 'fail' || record.problem !== undefined) return undefined;
    const { row, reason } = this.reject(record);
    return new BeamliftError('FORMAT_INVALID', {
      what: `A record has ${reason}.`,
      where: { row, value: showValue(record.preview()) },
      why: '`ragged_rows: fail` in file_format_options stops at the first such record.',
      hint: 'Repair that line; or set `ragged_rows: reject` to leave such records out, or `pad` to fill short ones with nulls.',
    });
  }

  /** The reject of a row in which a cell is undefined, of a file in that encoding. */
  rejectBytes(record: CsvRecord, column: string, encoding = this.settings.encoding ?? 'utf-8'): Reject {
    return {
      row: `line ${record.line}`,
      column,
      value: showValue(record.preview()),
      reason: `bytes that are not valid in ${encoding}`,
    };
  }
}

function readHeader(record: CsvRecord): ColumnNames {
  const row = `line ${record.line}`;
  if (record.problem !== undefined) {
    throw new BeamliftError('FORMAT_INVALID', {
      what: 'The header of the file cannot be read.',
      where: { row, value: showValue(record.preview()) },
      why: record.problem,
      hint: 'Repair that line, or set `has_header: false` in file_format_options if the file has no header.',
    });
  }
  const texts: string[] = [];
  for (let index = 0; index < boundedCount(record); index++) {
    const text = record.text(index);
    if (text === undefined) {
      throw new BeamliftError('FORMAT_INVALID', {
        what: `The name of column ${index + 1} in the header is not valid in the encoding of the file.`,
        where: { row, value: showValue(record.preview()) },
        hint: 'Set `encoding` in file_format_options to what the file was written in: latin1, windows-1252, utf-16le, …',
      });
    }
    // A copy: a piece of a longer string would keep all of it in memory for the whole run.
    texts.push(Buffer.from(text, 'utf8').toString('utf8'));
  }
  return namesFromHeader(texts);
}

function boundedCount(record: CsvRecord): number {
  if (record.count <= MAX_FIELDS) return record.count;
  throw new BeamliftError('LIMIT_EXCEEDED', {
    what: `The file has ${record.count} columns; at most ${MAX_FIELDS} are read.`,
    where: { row: `line ${record.line}`, value: showValue(record.preview()) },
    hint: 'Check `delimiter` in file_format_options.',
  });
}

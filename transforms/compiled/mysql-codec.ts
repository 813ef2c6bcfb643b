import type { Cell } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import {
  MYSQL_EIGHT_BYTES,
  MYSQL_HEADER_BYTES,
  MYSQL_NULL,
  MYSQL_THREE_BYTES,
  MYSQL_TWO_BYTES,
  type MysqlField,
  type MysqlRows,
} from '../../core/mysql-rows';
import type { DecodedRow, RowProblem } from '../../core/raw-rows';
import { UnreadableValue } from '../../core/unreadable-value';
import { compileMysqlRow } from './mysql-row';
import type { CodecInput, RowCodec } from './row-codec';
import { FOR_REFERENCE, type RowWriter } from './row-writer';

/** Rows of MySQL's text protocol. */
export class MysqlCodec implements RowCodec {
  private readonly compiled: RowWriter | undefined;
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the row at hand begins. */
  private at = 0;
  /** Of the field that `openField` was at. */
  private valueStart = 0;
  private valueLength = 0;

  constructor(
    private readonly fields: readonly MysqlField[],
    input: CodecInput,
  ) {
    this.compiled = compileMysqlRow(fields, input);
  }

  begin({ bytes, view, start }: MysqlRows): void {
    this.bytes = bytes;
    this.view = view;
    this.at = start;
  }

  write(): boolean {
    return this.compiled !== undefined && this.compiled(this.bytes, this.view, this.at) !== FOR_REFERENCE;
  }

  /** Throws SOURCE_INCOMPLETE for a packet that is no row of these fields. */
  decode(): DecodedRow {
    const { bytes, view } = this;
    let at = this.at + MYSQL_HEADER_BYTES;
    let problem: RowProblem | undefined;
    const row = this.fields.map(({ decode }, field): Cell => {
      at = this.openField(at);
      if (this.valueLength < 0) return null;
      try {
        return decode(bytes, view, this.valueStart, this.valueLength);
      } catch (error) {
        if (!(error instanceof UnreadableValue)) throw error;
        problem ??= { field, reason: error.message };
        return null;
      }
    });
    if (at !== this.rowEnd()) throw malformedRow();
    return problem === undefined ? { row } : { row, problem };
  }

  cell(column: number): Cell {
    let at = this.at + MYSQL_HEADER_BYTES;
    for (let index = 0; index <= column; index++) at = this.openField(at);
    if (this.valueLength < 0) return null;
    return this.fields[column]?.decode(this.bytes, this.view, this.valueStart, this.valueLength) ?? null;
  }

  next(): void {
    this.at = this.rowEnd();
  }

  private rowEnd(): number {
    return this.at + MYSQL_HEADER_BYTES + (this.view.getUint32(this.at, true) & 0xff_ffff);
  }

  /** Finds the value of the field at `at`; its length is below zero for NULL. Returns where the field ends. */
  private openField(start: number): number {
    const { bytes, view } = this;
    const end = this.rowEnd();
    if (start >= end) throw malformedRow();
    const mark = bytes[start] ?? 0;
    const from = start + 1;
    if (mark === MYSQL_NULL) {
      this.valueLength = -1;
      return from;
    }
    const sizeBytes = mark < MYSQL_NULL ? 0 : lengthBytes(mark);
    if (sizeBytes > end - from) throw malformedRow();
    const length = sizeBytes === 0 ? mark : lengthOf(view, from, sizeBytes);
    this.valueStart = from + sizeBytes;
    this.valueLength = length;
    if (length > end - this.valueStart) throw malformedRow();
    return this.valueStart + length;
  }
}

/** Bytes that the length has behind its mark. */
function lengthBytes(mark: number): number {
  switch (mark) {
    case MYSQL_TWO_BYTES:
      return 2;
    case MYSQL_THREE_BYTES:
      return 3;
    case MYSQL_EIGHT_BYTES:
      return 8;
    default:
      throw malformedRow();
  }
}

function lengthOf(view: DataView, at: number, bytes: number): number {
  if (bytes === 8) return Number(view.getBigUint64(at, true));
  return bytes === 2 ? view.getUint16(at, true) : view.getUint32(at - 1, true) >>> 8;
}

function malformedRow(): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: 'A row of MySQL is not as the server announced it',
    hint: 'Run the job again; nothing of this unit counts.',
  });
}

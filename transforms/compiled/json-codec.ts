import type { Cell } from '../../core/cells';
import { FIELD_COLUMN, FIELD_HIGH, FIELD_INTS, RECORD_INTS, type JsonRows } from '../../core/json-rows';
import type { DecodedRow } from '../../core/raw-rows';
import { policiesOf } from '../schema-aware-converter';
import { compileFieldNull } from './field-null';
import { compileJsonRow, NO_VALUE, placesOf, type JsonRowWriter } from './json-row';
import { compileJsonWriter } from './json-writer';
import type { CodecInput, RowCodec } from './row-codec';

/** Records of JSON whose bytes stand as they are in the file. */
export class JsonCodec implements RowCodec {
  /** Columns of the source, by those of the destination. */
  private readonly sources: readonly number[];
  private readonly width: number;
  private rows: JsonRows | undefined;
  private bytes: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private records: Int32Array = new Int32Array(0);
  private fields: Int32Array = new Int32Array(0);
  /** The record at hand, and where its fields begin. */
  private record = 0;
  private field = 0;
  /** Its values, by column of the source. */
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly marks: Int32Array;
  /** The bytes as a string of one character a byte, made when a row is first decoded. */
  private characters: string | undefined;

  /** `writeRow`: undefined where there is none for the plan; all rows are for the reference then. */
  constructor(
    { columns, source }: Pick<CodecInput, 'columns' | 'source'>,
    private readonly writeRow: JsonRowWriter | undefined,
  ) {
    this.width = source.columns.length;
    this.sources = placesOf(columns, source);
    this.starts = new Int32Array(this.width);
    this.ends = new Int32Array(this.width);
    this.marks = new Int32Array(this.width);
  }

  begin(rows: JsonRows): void {
    this.rows = rows;
    this.bytes = rows.bytes;
    this.view = rows.view;
    this.records = rows.records;
    this.fields = rows.fields;
    this.record = 0;
    this.field = 0;
    this.characters = undefined;
  }

  write(): boolean {
    if (this.writeRow === undefined) return false;
    this.place();
    return this.writeRow(this.bytes, this.view, this.starts, this.ends, this.marks);
  }

  decode(): DecodedRow {
    this.place();
    const row = new Array<Cell>(this.width);
    for (let column = 0; column < this.width; column++) row[column] = this.text(column);
    return { row };
  }

  cell(column: number): Cell {
    return this.text(this.sources[column] ?? NO_VALUE);
  }

  next(): void {
    this.field = this.fieldsEnd();
    this.record++;
  }

  private fieldsEnd(): number {
    return this.records[this.record * RECORD_INTS + 2] ?? 0;
  }

  /** Finds the values of the record at hand. */
  private place(): void {
    const { fields, starts, ends, marks } = this;
    starts.fill(NO_VALUE);
    const end = this.fieldsEnd();
    for (let at = this.field; at < end; at += FIELD_INTS) {
      const first = fields[at] ?? 0;
      const column = first & FIELD_COLUMN;
      starts[column] = fields[at + 1] ?? 0;
      ends[column] = fields[at + 2] ?? 0;
      marks[column] = first;
    }
  }

  /** The source text of a value that was placed. */
  private text(column: number): string | null {
    const start = this.starts[column] ?? NO_VALUE;
    if (start === NO_VALUE) return null;
    const end = this.ends[column] ?? 0;
    if (((this.marks[column] ?? 0) & FIELD_HIGH) !== 0) return this.bytes.toString('utf8', start, end);
    // One call for all rows: a call per value costs five times as much.
    this.characters ??= this.bytes.toString('latin1', 0, this.lastByte());
    return this.characters.substring(start, end);
  }

  private lastByte(): number {
    const last = ((this.rows?.rows ?? 0) - 1) * RECORD_INTS;
    return this.records[last + 1] ?? 0;
  }
}

/** The codec that writes to the sinks of a staging format. */
export function compileJsonCodec(input: CodecInput): JsonCodec {
  const { sinks, rules, policies, mode } = input;
  const writeRow = compileJsonRow(input, mode, (index, { source, sourceType, destinationType }) => {
    const sink = sinks[index];
    if (sink === undefined) return undefined;
    const types = { source: sourceType, destination: destinationType };
    return {
      sink,
      whenNull: compileFieldNull(index, input),
      write: compileJsonWriter({ ...types, rules, policies: policiesOf(policies, source), sink }),
    };
  });
  return new JsonCodec(input, writeRow);
}

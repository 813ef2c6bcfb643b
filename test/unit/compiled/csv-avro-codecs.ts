import assert from 'node:assert/strict';
import type { Cell } from '../../../core/cells';
import {
  CSV_ABSENT,
  CSV_DOUBLED_QUOTES,
  CSV_ESCAPES,
  CSV_FIELD_SHIFT,
  CSV_QUOTED,
  type CsvLayout,
  type CsvRows,
} from '../../../core/csv-rows';
import { LossLedger } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType, TableSchema } from '../../../core/schema';
import { csvEncoding, csvSettings, type FormatOptions } from '../../../extractors/formats/csv-dialect';
import { csvLayout } from '../../../extractors/formats/csv-layout';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { CsvCodec } from '../../../transforms/compiled/csv-codec';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { AVRO_BLOCK_BYTES, compileAvroEncoder } from '../../../transforms/encode/avro';
import { compileConverter } from '../../../transforms/schema-aware-converter';

const SYNC = Buffer.alloc(16, 7);
const STRING: ColumnType = { kind: 'string' };

export interface CsvTarget {
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** A field as it is meant; `escaped`: an escape stood in it. */
export interface CsvField {
  readonly text: string;
  readonly quoted?: boolean;
  readonly escaped?: boolean;
}

/** Fields of a record in the order of the file; fewer than the file has columns: the others are absent. */
export type CsvFieldsOfRecord = readonly CsvField[];

/** How a file is written. */
export interface CsvFile {
  /** Which columns it has, in its order, by their numbers; -1: one that nobody asks for. Absent: all, in their order. */
  readonly order?: readonly number[];
  readonly options?: FormatOptions;
  /** Bytes in front of each record, which are of none. */
  readonly gap?: number;
}

/** Codecs and the reference of one plan. */
export class CsvAvroCodecs {
  readonly schema: TableSchema;
  readonly layout: CsvLayout;
  private readonly places: Int32Array;
  private readonly quote: string;
  private readonly gap: number;
  private readonly width: number;
  private readonly input;

  constructor(
    targets: readonly CsvTarget[],
    { order, options = {}, gap = 0 }: CsvFile = {},
    keys: readonly number[] = [],
  ) {
    const names = targets.map((_, index) => `c${index}`);
    this.schema = {
      columns: targets.map((target, index) => ({ name: names[index] ?? '', ...target })),
      primaryKey: [],
    };
    const settings = csvSettings(options);
    this.quote = settings.quote;
    this.layout = csvLayout(settings, csvEncoding(settings, Buffer.alloc(0)).dialect);
    const columns = order ?? names.map((_, index) => index);
    this.width = columns.length;
    this.places = Int32Array.from(names, (_, index) => columns.indexOf(index));
    this.gap = gap;
    const source = {
      columns: names.map((name) => ({ name, type: STRING, nullable: true })),
      primaryKey: [],
    };
    this.input = {
      columns: names.map((name, index) => ({
        source: name,
        destination: name,
        sourceType: STRING,
        destinationType: targets[index]?.type ?? STRING,
      })),
      source,
      destination: this.schema,
      policies: { ...DEFAULT_POLICIES, columns: {} },
      rules: BIGQUERY_RULES,
      keyColumns: keys.map((key) => names[key] ?? ''),
    };
  }

  /** The records as they are in a file, fields of nobody between them where there is a gap. */
  rowsOf(records: readonly CsvFieldsOfRecord[]): CsvRows {
    const pieces: Buffer[] = [];
    const fields: number[] = [];
    const bases: number[] = [];
    let at = 0;
    const add = (piece: Buffer): void => {
      pieces.push(piece);
      at += piece.length;
    };
    for (const record of records) {
      add(Buffer.alloc(this.gap, '9'));
      for (let field = 0; field < this.gap; field++) fields.push(-1, -1);
      bases.push(fields.length);
      for (const { text, quoted: isQuoted = false, escaped = false } of record) {
        const quoted = isQuoted && this.quote !== '';
        if (quoted) add(Buffer.from(this.quote));
        const inner = Buffer.from(quoted ? text.replaceAll(this.quote, this.quote + this.quote) : text);
        const doubled = quoted && text.includes(this.quote) ? CSV_DOUBLED_QUOTES : 0;
        const flags = (quoted ? CSV_QUOTED : 0) | doubled | (escaped ? CSV_ESCAPES : 0);
        fields.push(at, (inner.length << CSV_FIELD_SHIFT) | flags);
        add(inner);
        if (quoted) add(Buffer.from(this.quote));
        // What could be of a number, a text or a document.
        add(Buffer.from('0'));
      }
      for (let field = record.length; field < this.width; field++) fields.push(0, CSV_ABSENT);
    }
    const bytes = Buffer.concat([...pieces, Buffer.alloc(8, '0')]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { places, layout } = this;
    const counts = { rows: bases.length, bases, fields: Int32Array.from(fields) };
    return { wire: 'csv', bytes, view, places, layout, ...counts };
  }

  /** What the reference writes of each row; undefined: it refuses the row, or loses something by it. */
  reference({ bytes, fields, bases, places, layout }: CsvRows): (Buffer | undefined)[] {
    const ledger = new LossLedger();
    const converter = compileConverter({ ...this.input, ledger });
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    let losses = '{}';
    return bases.map((base) => {
      const row = Array.from(places, (place): Cell => {
        const at = base + 2 * place;
        return place < 0 ? null : layout.decode(bytes, fields[at] ?? 0, fields[at + 1] ?? 0);
      });
      let converted;
      try {
        converted = converter.convert(row);
      } catch (error) {
        if ((error as Error).name === 'RowRejected') return undefined;
        throw error;
      }
      const before = losses;
      losses = JSON.stringify(ledger.toJSON());
      if (converted === undefined || losses !== before) return undefined;
      const start = encoder.bytes;
      assert.ok(encoder.add(converted));
      const written = Buffer.from(encoder.block.bytes.subarray(start, encoder.block.end));
      if (encoder.bytes > AVRO_BLOCK_BYTES) encoder.takeBlock();
      return written;
    });
  }

  /** A codec that writes rows to blocks of its own. */
  open(mode: CodecMode, maxRowBytes = Infinity): OpenCodec {
    return new OpenCodec(this.schema, this.input, mode, maxRowBytes);
  }
}

export class OpenCodec {
  readonly blocks: Buffer[] = [];
  /** Numbers of rows that are for the reference. */
  readonly left: number[] = [];
  /** Numbers of rows that were written many at once. */
  readonly atOnce: number[] = [];
  calls = 0;
  private rows = 0;
  private readonly encoder;
  private readonly sinks: AvroSinks;
  private readonly codec: CsvCodec;

  constructor(
    schema: TableSchema,
    input: Omit<ConstructorParameters<typeof CsvCodec>[0], 'sinks' | 'lose' | 'mode'>,
    mode: CodecMode,
    maxRowBytes: number,
  ) {
    this.encoder = compileAvroEncoder(schema, { codec: 'null', sync: SYNC, maxRowBytes });
    this.sinks = new AvroSinks(this.encoder, schema);
    const lose = (): void => assert.fail('a text loses nothing');
    this.codec = new CsvCodec({ ...input, sinks: this.sinks.columns, many: this.sinks, lose, mode });
  }

  /** Writes the rows. `each` is called for every row that was written, with its first cell. */
  add(records: CsvRows, each?: (cell: Cell) => void): this {
    const { codec, encoder, sinks } = this;
    const { rows } = records;
    this.begin(records);
    const eachRow = each === undefined ? undefined : () => each(codec.cell(0));
    for (let row = 0; row < rows;) {
      if (encoder.bytes >= AVRO_BLOCK_BYTES) this.take();
      const written = codec.writeMany(rows - row, eachRow);
      this.calls++;
      for (const end = row + written; row < end; row++) this.atOnce.push(this.rows + row);
      if (written > 0) continue;
      sinks.beginRow();
      if (codec.write() && sinks.endRow()) eachRow?.();
      else {
        sinks.takeBackRow();
        this.left.push(this.rows + row);
      }
      codec.next();
      row++;
    }
    this.rows += rows;
    return this;
  }

  /** Rows are of these records from now on. */
  begin(records: CsvRows): void {
    this.codec.begin(records);
  }

  /** How many of so many rows of the records at hand one call writes. */
  goOn(rows: number): number {
    return this.codec.writeMany(rows, undefined);
  }

  /** The block is written, and another one begun. */
  take(): void {
    this.blocks.push(Buffer.from(this.encoder.takeBlock()));
  }

  end(): { blocks: readonly Buffer[]; content: Buffer } {
    if (this.encoder.rows > 0) this.take();
    return { blocks: this.blocks, content: Buffer.concat(this.blocks.map(contentOf)) };
  }
}

/** Rows of an uncompressed block, without their number and length in front and the mark behind. */
function contentOf(block: Buffer): Buffer {
  let at = 0;
  for (let number = 0; number < 2; number++) while ((block[at++] ?? 0) > 127);
  return block.subarray(at, block.length - SYNC.length);
}

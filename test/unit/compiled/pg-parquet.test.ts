import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EncodedBlock } from '../../../core/encoding';
import { LossLedger } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { CopyFramedRows } from '../../../extractors/postgres/copy-framed-rows';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { typeFor } from '../../../loaders/duckdb/types';
import { ParquetSinks } from '../../../transforms/compiled/parquet-sinks';
import { PgCodec } from '../../../transforms/compiled/pg-codec';
import { wireColumn } from '../../../transforms/compiled/pg-columns';
import { pgMachine } from '../../../transforms/compiled/pg-machine';
import { compilePgRow } from '../../../transforms/compiled/pg-row';
import { FOR_REFERENCE, type CodecMode } from '../../../transforms/compiled/row-writer';
import { ParquetEncoder } from '../../../transforms/encode/parquet';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { array } from '../postgres/copy-binary-writer';
import { arrayOfText, pgColumn, type PgColumn } from './arbitrary-pg';

const STYLE = { separator: ' ', zone: '+00', eraSuffix: ' (BC)' } as const;
const policies = { ...DEFAULT_POLICIES, columns: {} };

/** Types that only DuckDB's tables have. */
const OTHER_TYPES: Partial<Record<ColumnType['kind'], readonly ColumnType[]>> = {
  int: [8, 16, 32, 64, 128].flatMap((bits) =>
    [true, false].map((unsigned): ColumnType => ({ kind: 'int', bits: bits as 8, unsigned })),
  ),
  float: [
    { kind: 'float', bits: 32 },
    { kind: 'float', bits: 64 },
  ],
  decimal: [
    { kind: 'decimal', precision: 4, scale: 2 },
    { kind: 'decimal', precision: 18, scale: 3 },
    { kind: 'decimal', precision: 38, scale: 10 },
  ],
  datetime: (['s', 'ms', 'us', 'ns'] as const).map((unit) => ({ kind: 'datetime', unit })),
  timestamp: [
    { kind: 'timestamp', unit: 'us' },
    { kind: 'datetime', unit: 'ms' },
  ],
  time: [
    { kind: 'time', unit: 'us' },
    { kind: 'time', unit: 'ns' },
  ],
  string: [{ kind: 'string', values: ['a', 'aa', ''] }],
};

function destinationsOf(type: ColumnType): readonly ColumnType[] {
  if (type.kind !== 'array') return [typeFor(type), ...(OTHER_TYPES[type.kind] ?? [])];
  return destinationsOf(type.element).map((element) => ({ kind: 'array', element }));
}

const oneColumn = pgColumn.chain((column) =>
  fc
    .tuple(
      fc.constantFrom(...destinationsOf(column.type), ...column.destinations.filter(isOfDuckdb)),
      fc.boolean(),
    )
    .map(([type, nullable]) => ({ column, to: { type, nullable } })),
);

function isOfDuckdb(type: ColumnType): boolean {
  if (type.kind === 'array') return isOfDuckdb(type.element);
  return type.kind !== 'decimal' || (type.precision ?? 0) <= 38;
}

interface Chosen {
  readonly column: PgColumn;
  readonly to: Omit<Column, 'name'>;
}
type Fields = readonly (Buffer | null)[];

const cases = fc.array(oneColumn, { minLength: 1, maxLength: 5 }).chain((columns) => {
  const row = fc.tuple(...columns.map(({ column }) => fc.option(column.value, { freq: 6 })));
  return fc.record({
    columns: fc.constant<readonly Chosen[]>(columns),
    rows: fc.array(row as fc.Arbitrary<Fields>, { minLength: 1, maxLength: 12 }),
  });
});

const knownCases = fc
  .array(
    oneColumn.filter(({ column: { field, type }, to }) => {
      const types = { source: type, destination: to.type, rules: DUCKDB_RULES };
      return wireColumn(field.form, types) !== undefined;
    }),
    { minLength: 1, maxLength: 6 },
  )
  .chain((columns) => {
    const row = fc.tuple(...columns.map(({ column }) => fc.option(column.value, { freq: 12 })));
    return fc.record({
      columns: fc.constant<readonly Chosen[]>(columns),
      rows: fc.array(row as fc.Arbitrary<Fields>, { minLength: 1, maxLength: 12 }),
    });
  });

/** What encoder and converter make of rows, and what the codec does. */
class Codecs {
  readonly input;
  readonly schema: TableSchema;

  constructor(readonly columns: readonly Chosen[]) {
    const named = columns.map(({ column, to }, index) => ({ column, name: `c${index}`, to }));
    this.schema = { columns: named.map(({ name, to }) => ({ name, ...to })), primaryKey: [] };
    this.input = {
      columns: named.map(({ name, column, to }) => ({
        source: name,
        destination: name,
        sourceType: column.type,
        destinationType: to.type,
      })),
      source: {
        columns: named.map(({ name, column }) => ({ name, type: column.type, nullable: true })),
        primaryKey: [],
      },
      destination: this.schema,
      policies,
      rules: DUCKDB_RULES,
      keyColumns: [],
    };
  }

  /** Whether the reference takes the row, and whether it loses something of it. */
  add(encoder: ParquetEncoder, row: Fields): 'added' | 'refused' | 'changed' {
    const ledger = new LossLedger();
    const converter = compileConverter({ ...this.input, ledger });
    let cells;
    try {
      cells = converter.convert(
        row.map((bytes, index) => {
          const decode = this.columns[index]?.column.field.decode;
          if (bytes === null || decode === undefined) return null;
          return decode(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
        }),
      );
    } catch {
      return 'refused';
    }
    if (cells === undefined) return 'refused';
    assert.ok(encoder.add(cells));
    return Object.keys(ledger.toJSON()).length > 0 ? 'changed' : 'added';
  }

  /** The block of the rows that the codec takes, and which these are. */
  compiled(rows: readonly Fields[], mode: CodecMode): { block: EncodedBlock | undefined; taken: boolean[] } {
    const encoder = new ParquetEncoder(this.schema, { style: STYLE });
    const sinks = new ParquetSinks(encoder, STYLE);
    let losses = 0;
    const write = compilePgRow(
      this.columns.map(({ column }) => column.field),
      { ...this.input, sinks: sinks.columns, lose: () => losses++, mode },
    );
    assert.ok(write !== undefined);
    const taken = rows.map((row) => {
      const bytes = wire(row);
      sinks.beginRow();
      losses = 0;
      const end = write(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
      if (end === FOR_REFERENCE) {
        sinks.takeBackRow();
        return false;
      }
      assert.equal(end, bytes.length);
      assert.equal(losses, 0);
      assert.ok(sinks.endRow());
      return true;
    });
    return { block: copied(encoder.takeBlock()), taken };
  }
}

/** `held`: in messages that WebAssembly has found; `lost`: and that it no longer holds when it has written some. Otherwise so many bytes apart. */
type Apart = number | 'held' | 'lost';

/** What becomes of rows that come in one batch, where WebAssembly writes most of them. */
function batch(
  { schema, columns, input }: Codecs,
  rows: readonly Fields[],
  apart: Apart,
): { block: EncodedBlock | undefined; taken: boolean[]; atOnce: number } {
  const encoder = new ParquetEncoder(schema, { style: STYLE });
  const sinks = new ParquetSinks(encoder, STYLE);
  const fields = columns.map(({ column }) => column.field);
  const lose = (): void => assert.fail('nothing is lost');
  const codec = new PgCodec(fields, { ...input, sinks: sinks.columns, many: sinks, lose, mode: 'wasm' });
  if (typeof apart === 'number') {
    const pieces = rows.flatMap((row) => [Buffer.of(0, row.length), wire(row), Buffer.alloc(apart, 0xee)]);
    const bytes = Buffer.concat([Buffer.of(7), ...pieces]);
    codec.begin({
      wire: 'pg-copy',
      fields,
      bytes,
      view: viewOf(bytes),
      start: 1,
      gap: apart,
      rows: rows.length,
    });
  } else {
    const found = findIn(messages(rows), fields.length);
    assert.equal(found?.rows, rows.length);
    codec.begin({ wire: 'pg-copy', fields, ...found });
  }
  const taken: boolean[] = [];
  let atOnce = 0;
  while (taken.length < rows.length) {
    assert.ok(!encoder.isFull);
    const written = codec.writeMany(rows.length - taken.length, undefined);
    if (apart === 'lost') findIn(messages([[Buffer.from('another'), null]]), 2);
    for (let row = 0; row < written; row++) taken.push(true);
    atOnce += written;
    if (written > 0) continue;
    sinks.beginRow();
    const isWritten = codec.write() && sinks.endRow();
    if (!isWritten) {
      sinks.takeBackRow();
      codec.decode();
    }
    codec.next();
    taken.push(isWritten);
  }
  return { block: copied(encoder.takeBlock()), taken, atOnce };
}

/** Rows in messages of their own. */
function messages(rows: readonly Fields[]): Buffer {
  const pieces = rows.flatMap((row) => {
    const content = [Buffer.of(0, row.length), wire(row)];
    const head = Buffer.from('d____');
    head.writeUInt32BE(4 + content.reduce((sum, { length }) => sum + length, 0), 1);
    return [head, ...content];
  });
  return Buffer.concat([Buffer.of(7), ...pieces, Buffer.from('what was there before')]);
}

/** What a reader finds in the messages that begin at 1, behind the header. */
function findIn(bytes: Buffer, fields: number): ReturnType<CopyFramedRows['find']> {
  const reader = new CopyFramedRows(fields, pgMachine());
  reader.hasBegun = true;
  const end = bytes.length - 'what was there before'.length;
  return reader.find({ bytes, view: viewOf(bytes), start: 1, end });
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function copied(block: EncodedBlock | undefined): EncodedBlock | undefined {
  return block === undefined ? undefined : { ...block, bytes: Buffer.from(block.bytes) };
}

function wire(row: Fields): Buffer {
  const pieces: Buffer[] = [];
  for (const bytes of row) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    pieces.push(length, bytes ?? Buffer.alloc(0));
  }
  return Buffer.concat(pieces);
}

/** Rows some bytes apart, and in messages. */
const WAYS = [5, 'held', 'lost'] as const;

describe('compiled: PostgreSQL binary to Parquet', () => {
  it('writes what the reference does, and leaves to it what changes, in both modes', () => {
    let byCodec = 0;
    let byReference = 0;
    fc.assert(
      fc.property(cases, ({ columns, rows }) => {
        const codecs = new Codecs(columns);
        const { block, taken } = codecs.compiled(rows, 'generated');
        assert.deepEqual(codecs.compiled(rows, 'closures'), { block, taken });
        const encoder = new ParquetEncoder(codecs.schema, { style: STYLE });
        rows.forEach((row, index) => {
          if (taken[index] !== true) {
            byReference++;
            return;
          }
          byCodec++;
          assert.equal(codecs.add(encoder, row), 'added');
        });
        assert.deepEqual(copied(encoder.takeBlock()), block);
      }),
      { numRuns: 1000 },
    );
    assert.ok(byCodec > 500 && byReference > 500, `${byCodec} rows by the codec, ${byReference} left`);
  });

  it('writes the same where WebAssembly writes most rows, many at once', () => {
    let atOnce = 0;
    let others = 0;
    fc.assert(
      fc.property(knownCases, fc.constantFrom<Apart>(0, 5, 'held', 'lost'), ({ columns, rows }, apart) => {
        const codecs = new Codecs(columns);
        const { taken, block, ...counts } = batch(codecs, rows, apart);
        const encoder = new ParquetEncoder(codecs.schema, { style: STYLE });
        rows.forEach((row, index) => {
          if (taken[index] === true) assert.equal(codecs.add(encoder, row), 'added');
        });
        assert.deepEqual(copied(encoder.takeBlock()), block);
        atOnce += counts.atOnce;
        others += rows.length - counts.atOnce;
      }),
      { numRuns: 1500 },
    );
    assert.ok(atOnce > 2000 && others > 500, `${atOnce} at once, ${others} others`);
  });

  it('leaves documents to the reference that escape a character by number, wherever they do', () => {
    const columnOf = (kind: 'json' | 'string'): Chosen => {
      const [column] = fc.sample(
        pgColumn.filter(
          ({ type, field }) => type.kind === kind && field.form === 'text' && Object.keys(type).length === 1,
        ),
        1,
      );
      assert.ok(column !== undefined);
      return { column, to: { type: typeFor(column.type), nullable: true } };
    };
    const codecs = new Codecs([columnOf('json'), columnOf('string')]);
    const texts = ['C:\\users\\u', 'C:/users/u and more'].map((text) => Buffer.from(text));
    for (let before = 0; before < 50; before++) {
      const half = Buffer.from(`"${'a'.repeat(before)}\\ud83d"`);
      const plain = Buffer.from(`"${'a'.repeat(before)}\\n\\/ud83d"`);
      for (const text of texts) {
        const rows = [half, plain].map((document) => [document, text]);
        const { taken, atOnce } = batch(codecs, rows, 0);
        assert.deepEqual({ taken, atOnce }, { taken: [false, true], atOnce: 1 }, `${before} bytes before it`);
      }
    }
  });

  it('leaves arrays to the writers that have more or fewer bytes than their elements', () => {
    const to = { type: typeFor(arrayOfText.type), nullable: true };
    const codecs = new Codecs([{ column: arrayOfText, to }]);
    const tags = array([2], [Buffer.from('a'), Buffer.from('b')]);
    assert.equal(batch(codecs, [[tags]], 0).atOnce, 1);
    for (const odd of [Buffer.concat([tags, Buffer.of(0)]), tags.subarray(0, -1)]) {
      const { taken, atOnce } = batch(codecs, [[tags], [odd], [tags]], 0);
      assert.deepEqual({ taken, atOnce }, { taken: [true, false, true], atOnce: 2 });
    }
  });

  it('writes all rows at once where nothing is unusual, and goes on behind one that is', () => {
    const [column] = fc.sample(
      pgColumn.filter(({ type }) => type.kind === 'string' && !('maxLength' in type)),
      1,
    );
    const [numbers] = fc.sample(
      pgColumn.filter(({ type }) => type.kind === 'float' && type.bits === 64),
      1,
    );
    assert.ok(column !== undefined && numbers !== undefined);
    const codecs = new Codecs(
      [column, numbers].map((each) => ({ column: each, to: { type: typeFor(each.type), nullable: true } })),
    );
    const oddities = [[], [700], [0, 1, 2, 50, 3_999]];
    for (const [odd, apart] of oddities.flatMap((odd) => WAYS.map((way) => [odd, way] as const))) {
      const rows = Array.from({ length: 4_000 }, (_, index): Fields => {
        const float = Buffer.alloc(8);
        float.writeDoubleBE(odd.includes(index) ? NaN : index);
        return [Buffer.alloc(index % 240, 'x'), index % 9 === 0 && !odd.includes(index) ? null : float];
      });
      const { taken, atOnce, block } = batch(codecs, rows, apart);
      assert.ok(taken.every(Boolean));
      assert.equal(atOnce, rows.length - odd.length);
      assert.deepEqual(block, codecs.compiled(rows, 'closures').block);
    }
  });

  it('leaves rows to the writers that are longer than what it writes at once, and goes on behind them', () => {
    const codecs = new Codecs([
      { column: arrayOfText, to: { type: typeFor(arrayOfText.type), nullable: true } },
    ]);
    const rowOf = (size: number): Fields => [array([1], [Buffer.alloc(size, 'x')])];
    for (const apart of WAYS) {
      const rows = [...[100, 250_000, 270_000, 100, 270_000, 250_000].map(rowOf), [null]];
      const { taken, atOnce, block } = batch(codecs, rows, apart);
      assert.deepEqual({ atOnce, all: taken.every(Boolean) }, { atOnce: 5, all: true }, String(apart));
      assert.deepEqual(block, codecs.compiled(rows, 'closures').block);
    }
  });

  it('reads bytes again that are where others were that WebAssembly held', () => {
    const codecs = new Codecs([
      { column: arrayOfText, to: { type: typeFor(arrayOfText.type), nullable: true } },
    ]);
    const fields = codecs.columns.map(({ column }) => column.field);
    const slab = Buffer.alloc(1024);
    const encoder = new ParquetEncoder(codecs.schema, { style: STYLE });
    const sinks = new ParquetSinks(encoder, STYLE);
    const lose = (): void => assert.fail('nothing is lost');
    const codec = new PgCodec(fields, {
      ...codecs.input,
      sinks: sinks.columns,
      many: sinks,
      lose,
      mode: 'wasm',
    });
    const rows = ['first', 'other'].map((text): Fields => [array([1], [Buffer.from(text)])]);
    for (const isFound of [true, false]) {
      for (const row of rows) {
        messages([row]).copy(slab);
        const end = messages([row]).length;
        const found = isFound ? findIn(slab.subarray(0, end), 1) : undefined;
        const view = viewOf(slab);
        codec.begin({
          wire: 'pg-copy',
          fields,
          ...(found ?? { bytes: slab, view, start: 6, gap: 5, rows: 1 }),
        });
        assert.equal(codec.writeMany(1, undefined), 1);
      }
    }
    assert.deepEqual(copied(encoder.takeBlock()), codecs.compiled([...rows, ...rows], 'closures').block);
  });
});

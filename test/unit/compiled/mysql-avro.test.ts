import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import type { DestinationRules } from '../../../core/destination-rules';
import { LossLedger } from '../../../core/loss-ledger';
import type { MysqlRows } from '../../../core/mysql-rows';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column, TableSchema } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { MysqlCodec } from '../../../transforms/compiled/mysql-codec';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { packets, rowOf } from '../mysql/text-protocol';
import { isOfAvro, MYSQL_COLUMNS, type MysqlColumn } from './arbitrary-mysql';

const SYNC = Buffer.alloc(16, 7);
const policies = { ...DEFAULT_POLICIES, columns: {} };

type Values = readonly (Buffer | null)[];
interface CaseColumn {
  readonly column: MysqlColumn;
  readonly to: Column;
  readonly isKey: boolean;
}

const oneColumn = fc
  .constantFrom(...MYSQL_COLUMNS)
  .chain((column) =>
    fc
      .tuple(
        fc.constantFrom(...column.destinations.filter(isOfAvro)),
        fc.boolean(),
        fc.constantFrom(false, false, false, true),
      )
      .map(([type, nullable, isKey]) => ({ column, type, nullable, isKey })),
  );

const cases = fc.array(oneColumn, { minLength: 1, maxLength: 6 }).chain((chosen) => {
  const columns = chosen.map(({ column, type, nullable, isKey }, index) => ({
    column,
    isKey,
    to: { name: `c${index}`, type, nullable },
  }));
  const row = fc.tuple(...columns.map(({ column }) => fc.option(column.value, { freq: 6 })));
  return fc.record({
    columns: fc.constant<readonly CaseColumn[]>(columns),
    rows: fc.array(row, { minLength: 1, maxLength: 5 }),
    rules: fc.constantFrom<DestinationRules>(BIGQUERY_RULES, {
      ...BIGQUERY_RULES,
      nulCharacter: false,
      nullDocument: false,
    }),
  });
});

/** The codec and the reference of one plan, each with an encoder of its own. */
class Codecs {
  readonly schema: TableSchema;
  readonly input;
  /** Of the row that was written last, by whomever. */
  losses: readonly string[] = [];

  constructor(
    readonly columns: readonly CaseColumn[],
    rules = BIGQUERY_RULES,
  ) {
    this.schema = { columns: columns.map(({ to }) => to), primaryKey: [] };
    this.input = {
      columns: columns.map(({ column, to }) => ({
        source: to.name,
        destination: to.name,
        sourceType: column.type,
        destinationType: to.type,
      })),
      source: {
        columns: columns.map(({ column, to }) => ({ name: to.name, type: column.type, nullable: true })),
        primaryKey: [],
      },
      destination: this.schema,
      policies,
      rules,
      keyColumns: columns.flatMap(({ to, isKey }) => (isKey ? [to.name] : [])),
    };
  }

  /** What the reference writes of a row; undefined: it refuses the row. */
  reference(row: Values): Buffer | undefined {
    const ledger = new LossLedger();
    const converter = compileConverter({ ...this.input, ledger });
    let converted;
    try {
      converted = converter.convert(
        row.map((bytes, index) => {
          const decode = this.columns[index]?.column.decode;
          return bytes === null || decode === undefined ? null : decode(bytes, 0, bytes.length);
        }),
      );
    } catch {
      return undefined;
    }
    if (converted === undefined) return undefined;
    this.losses = losses(ledger);
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    assert.ok(encoder.add(converted));
    return Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end));
  }

  /** What the codec writes of each row; undefined: it leaves it to the reference, with cells that are the source's own. */
  compiled(rows: readonly Values[], mode: CodecMode): (Buffer | undefined)[] {
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    const ledger = new LossLedger();
    const sinks = new AvroSinks(encoder, this.schema);
    const raw = wire(this.columns, rows);
    const codec = new MysqlCodec(raw.fields, {
      ...this.input,
      sinks: sinks.columns,
      lose: (column, rule) => ledger.add(this.schema.columns[column]?.name ?? '', rule),
      mode,
    });
    codec.begin(raw);
    const results = rows.map((row) => {
      sinks.beginRow();
      const start = encoder.block.end;
      const isWritten = codec.write();
      const written = Buffer.from(encoder.block.bytes.subarray(start, encoder.block.end));
      sinks.takeBackRow();
      if (!isWritten) codec.decode();
      else for (const index of row.keys()) assert.deepEqual(codec.cell(index), this.cell(row, index));
      codec.next();
      return isWritten ? written : undefined;
    });
    this.losses = losses(ledger);
    return results;
  }

  private cell(row: Values, index: number): unknown {
    const bytes = row[index] ?? null;
    return bytes === null ? null : this.columns[index]?.column.decode(bytes, 0, bytes.length);
  }
}

function losses(ledger: LossLedger): string[] {
  return Object.entries(ledger.toJSON()).flatMap(([column, rules]) =>
    Object.entries(rules).map(([rule, times]) => `${column} ${rule} ${times}`),
  );
}

/** The one loss that a codec may have, which is counted as it is written. */
function isNullArray(loss: string): boolean {
  return loss.includes(' null_array ');
}

/** Packets of rows behind three bytes of something else. */
function wire(columns: readonly CaseColumn[], rows: readonly Values[]): MysqlRows {
  const bytes = Buffer.concat([Buffer.of(1, 2, 3), ...rows.map((row, index) => packets(rowOf(row), index))]);
  return {
    wire: 'mysql-text',
    fields: columns.map(({ column: { family, decode } }) => ({
      family,
      decode: (of, _view, start, length) => decode(of, start, start + length),
    })),
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    start: 3,
    rows: rows.length,
  };
}

describe('compiled: MySQL text rows to Avro', () => {
  it('writes the bytes of the reference, or leaves the row to it, in both modes', () => {
    let byCodec = 0;
    let byReference = 0;
    fc.assert(
      fc.property(cases, ({ columns, rows, rules }) => {
        const codecs = new Codecs(columns, rules);
        const generated = codecs.compiled(rows, 'generated');
        const counted = codecs.losses;
        assert.deepEqual(codecs.compiled(rows, 'closures'), generated);
        assert.deepEqual(codecs.losses, counted);
        assert.ok(counted.every(isNullArray));
        for (const [index, row] of rows.entries()) {
          const written = generated[index];
          if (written === undefined) {
            byReference++;
            continue;
          }
          byCodec++;
          assert.deepEqual(written, codecs.reference(row));
          assert.ok(codecs.losses.every(isNullArray));
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(byCodec > 500 && byReference > 500, `${byCodec} rows by the codec, ${byReference} left`);
  });

  it('takes every value that loses nothing, but for broken texts and documents with numbers that must be looked at', () => {
    fc.assert(
      fc.property(oneColumn, fc.gen(), ({ column, type, nullable }, gen) => {
        const value = gen(() => column.value);
        const codecs = new Codecs([{ column, to: { name: 'c', type, nullable }, isKey: false }]);
        if (codecs.reference([value]) === undefined || codecs.losses.length > 0) return;
        if (column.family === 'text' && !isUtf8(value)) return;
        if (type.kind === 'json' && /\d[\d.eE]|u/.test(value.toString())) return;
        assert.ok(codecs.compiled([[value]], 'generated')[0] !== undefined, value.toString('latin1'));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes values of any length of the protocol', () => {
    const column = MYSQL_COLUMNS.find(({ family }) => family === 'bytes');
    assert.ok(column !== undefined);
    const to = { name: 'c', type: { kind: 'bytes' }, nullable: true } as const;
    const codecs = new Codecs([{ column, to, isKey: false }]);
    for (const length of [0, 250, 251, 252, 255, 65_535, 65_536, 70_000]) {
      const row = [Buffer.alloc(length, 0xfb)];
      for (const mode of ['generated', 'closures'] as const) {
        assert.deepEqual(codecs.compiled([row, [null]], mode), [codecs.reference(row), Buffer.of(0)]);
      }
    }
  });

  it('says of a packet that is no such row that the answer is not whole', () => {
    const [column] = MYSQL_COLUMNS;
    assert.ok(column !== undefined);
    const to = { name: 'c', type: { kind: 'int', bits: 64 }, nullable: true } as const;
    for (const row of ['', '0131' + '00', '0231', 'fc3100', 'fe', 'ff', '3131']) {
      const codecs: Codecs = new Codecs([{ column, to, isKey: false }]);
      const raw: MysqlRows = { ...wire(codecs.columns, []), rows: 1, start: 0 };
      const bytes = Buffer.concat([packets(Buffer.from(row, 'hex'), 0), Buffer.alloc(20, 1)]);
      for (const mode of ['generated', 'closures'] as const) {
        const encoder = compileAvroEncoder(codecs.schema);
        const { columns: sinks } = new AvroSinks(encoder, codecs.schema);
        const codec: MysqlCodec = new MysqlCodec(raw.fields, {
          ...codecs.input,
          sinks,
          lose: () => undefined,
          mode,
        });
        codec.begin({ ...raw, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) });
        assert.equal(codec.write(), false, row);
        assert.throws(() => codec.decode(), { code: 'SOURCE_INCOMPLETE' });
      }
    }
  });
});

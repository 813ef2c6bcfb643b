import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Row } from '../../../core/cells';
import type { RowBatch } from '../../../core/extractor';
import { LossLedger } from '../../../core/loss-ledger';
import type { TableSchema } from '../../../core/schema';
import { jsonlReader, jsonReader } from '../../../extractors/formats/json';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { compileJsonCodec } from '../../../transforms/compiled/json-codec';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { MemoryFile } from '../formats/memory-file';
import { jsonDestination, ordinaryJson } from './arbitrary-json';
import {
  contentOf,
  inputOf,
  jsonCases,
  readLines,
  VARIANT,
  type PlannedColumns,
  type Read,
} from './json-cases';

const SYNC = Buffer.alloc(16, 7);
/** The codec and the reference of one plan, each with an encoder of its own. */
class Codecs {
  readonly schema: TableSchema;
  readonly input;

  constructor(plan: PlannedColumns) {
    this.input = inputOf(plan);
    this.schema = this.input.destination;
  }

  /** What the reference writes of a row, and its losses; undefined: it refuses the row. */
  reference(row: Row): { bytes: Buffer; losses: unknown } | undefined {
    const ledger = new LossLedger();
    const converted = compileConverter({ ...this.input, ledger }).convert(row);
    if (converted === undefined) return undefined;
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    assert.ok(encoder.add(converted));
    return {
      bytes: Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end)),
      losses: ledger.toJSON(),
    };
  }

  /** What the codec makes of the rows of each batch: bytes and losses, or cells for the reference. */
  compiled(
    mode: CodecMode,
  ): (raw: NonNullable<RowBatch['raw']>) => ({ bytes: Buffer; losses: unknown } | Row)[] {
    const encoder = compileAvroEncoder(this.schema, { codec: 'null', sync: SYNC });
    const sinks = new AvroSinks(encoder, this.schema);
    let ledger = new LossLedger();
    const lose = (column: number, rule: Parameters<LossLedger['add']>[1]): void =>
      ledger.add(this.schema.columns[column]?.name ?? '', rule);
    const codec = compileJsonCodec({ ...this.input, sinks: sinks.columns, lose, mode });
    return (raw) => {
      assert.equal(raw.wire, 'json');
      codec.begin(raw);
      return Array.from({ length: raw.rows }, () => {
        ledger = new LossLedger();
        encoder.block.restart();
        sinks.beginRow();
        const result = codec.write()
          ? {
              bytes: Buffer.from(encoder.block.bytes.subarray(0, encoder.block.end)),
              losses: ledger.toJSON(),
            }
          : codec.decode().row;
        codec.next();
        return result;
      });
    };
  }
}

describe('compiled: JSON to Avro', () => {
  it('writes the bytes of the reference, or leaves the row to it, in both modes and however the file is cut', async () => {
    let byCodec = 0;
    let byReference = 0;
    await fc.assert(
      fc.asyncProperty(jsonCases, async (example) => {
        const { plan, chunks } = example;
        const content = contentOf(example);
        const codecs = new Codecs(plan);
        const rows: Row[] = [];
        let expected: Read;
        try {
          expected = await readLines(plan, content, chunks, false, (batch) => rows.push(...batch.rows));
        } catch (error) {
          // A first line that begins an array ends the file
          await assert.rejects(
            readLines(plan, content, chunks, true, () => undefined),
            error as Error,
          );
          return;
        }
        const references = rows.map((row) => codecs.reference(row));
        for (const mode of ['generated', 'closures'] as const) {
          const compile = codecs.compiled(mode);
          const results: ReturnType<typeof compile> = [];
          const found = await readLines(plan, content, chunks, true, (batch) => {
            assert.equal(batch.rows.length, 0);
            if (batch.raw !== undefined) results.push(...compile(batch.raw));
          });
          assert.deepEqual(found, expected);
          assert.equal(results.length, rows.length);
          for (const [index, result] of results.entries()) {
            if ('bytes' in result) {
              byCodec++;
              assert.deepEqual(result, references[index]);
            } else {
              byReference++;
              assert.deepEqual(result, rows[index]);
            }
          }
        }
      }),
      { numRuns: 800 },
    );
    assert.ok(byCodec > 1000 && byReference > 500, `${byCodec} rows by the codec, ${byReference} left`);
  });

  it('takes the ordinary values of every type, wherever the record stands', async () => {
    const kinds = new Set(['bytes', 'struct', 'json']);
    await fc.assert(
      fc.asyncProperty(jsonDestination, fc.boolean(), fc.gen(), async (type, isDocument, gen) => {
        const plan = {
          columns: [{ name: 'v', to: { name: 'c', type, nullable: true }, isKey: false }],
          rules: BIGQUERY_RULES,
        };
        const value = gen(() => ordinaryJson(type));
        const content = Buffer.from(isDocument ? `[ {"v" : ${value}} ]` : `{"v":${value}}\n`);
        const codecs = new Codecs(plan);
        const reference = codecs.reference([value === 'null' ? null : value]);
        if (reference === undefined || Object.keys(reference.losses as object).length > 0) return;
        const compile = codecs.compiled('generated');
        const reader = isDocument ? jsonReader() : jsonlReader();
        const columns = [{ name: 'v', type: VARIANT, nullable: true }];
        let taken = 0;
        for await (const { raw } of reader.read(
          new MemoryFile(content),
          columns,
          new AbortController().signal,
          undefined,
          true,
        )) {
          for (const result of raw === undefined ? [] : compile(raw)) {
            if ('bytes' in result) assert.deepEqual(result, reference);
            else
              assert.ok(
                kinds.has(type.kind === 'array' ? type.element.kind : type.kind),
                `${type.kind}: ${value}`,
              );
            taken++;
          }
        }
        assert.equal(taken, 1);
      }),
      { numRuns: 1000 },
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Row } from '../../../core/cells';
import type { DestinationRules } from '../../../core/destination-rules';
import type { RowBatch } from '../../../core/extractor';
import { LossLedger } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column, TableSchema } from '../../../core/schema';
import { jsonlReader, jsonReader } from '../../../extractors/formats/json';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { JsonCodec } from '../../../transforms/compiled/json-codec';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { MemoryFile } from '../formats/memory-file';
import { jsonDestination, jsonValue, ordinaryJson } from './arbitrary-json';

const SYNC = Buffer.alloc(16, 7);
const VARIANT = { kind: 'variant' } as const;
const policies = { ...DEFAULT_POLICIES, columns: {} };
const RULES: readonly DestinationRules[] = [
  BIGQUERY_RULES,
  { ...DUCKDB_RULES, nullInArray: false },
  { ...BIGQUERY_RULES, nulCharacter: false, nullDocument: false, nullArray: true },
];

/** Names of columns; destinations have plainer ones. */
const names = fc.constantFrom('a', 'A', 'id', '__proto__', 'constructor', 'é "q"\n', '', '\u{1f4e6}', 'x y');

interface PlannedColumns {
  readonly columns: readonly { readonly name: string; readonly to: Column; readonly isKey: boolean }[];
  readonly rules: DestinationRules;
}

const plans: fc.Arbitrary<PlannedColumns> = fc.record({
  rules: fc.constantFrom(...RULES),
  columns: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }).chain((chosen) =>
    fc.tuple(
      ...chosen.map((name, index) =>
        fc.record({
          name: fc.constant(name),
          to: fc.record({ name: fc.constant(`c${index}`), type: jsonDestination, nullable: fc.boolean() }),
          isKey: fc.constantFrom(false, false, false, true),
        }),
      ),
    ),
  ),
});

const space = fc.constantFrom('', '', '', ' ', '\t', ' \r');

/** Keys as they are, or the first character as an escape. */
function keyText(name: string, escape: boolean): string {
  const plain = JSON.stringify(name);
  if (!escape || name === '') return plain;
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name.slice(1)).slice(1)}`;
}

function lineOf({ columns }: PlannedColumns): fc.Arbitrary<Buffer> {
  const field = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(space, value, space, space, fc.nat({ max: 15 }))
      .map(([a, text, b, c, choice]) => `${a}${keyText(name, choice === 0)}${b}:${c}${text}${a}`);
  const known = columns.map(({ name, to }) => field(name, jsonValue(to.type)));
  const valid = fc
    .tuple(
      fc.tuple(...known.map((value) => fc.option(value, { freq: 8 }))),
      fc.option(field('unknown', fc.constantFrom('1', 'null', '{"deep":[[1e5]]}')), { freq: 1 }),
      fc.option(field(columns[0]?.name ?? '', fc.constant('1')), { freq: 1, nil: null }),
      fc.nat({ max: 12 }),
    )
    .chain(([fields, unknown, twice, choice]) => {
      const all = [...fields, unknown, choice === 0 ? twice : null].filter((text) => text !== null);
      return choice < 3 ? fc.shuffledSubarray(all, { minLength: all.length }) : fc.constant(all);
    })
    .map((fields) => Buffer.from(`{${fields.join(',')}}`));
  const damaged = fc.tuple(valid, fc.nat(), fc.nat({ max: 255 })).map(([line, at, byte]) => {
    const copy = Buffer.from(line);
    copy[at % copy.length] = byte === 10 ? 0xff : byte;
    return copy;
  });
  return fc.oneof(
    { weight: 12, arbitrary: valid },
    { weight: 2, arbitrary: damaged },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('', ' ', '[1]', 'null', '{"a"', '{}', '{} {}')
        .map((text) => Buffer.from(text)),
    },
  );
}

const cases = plans.chain((plan) =>
  fc.record({
    plan: fc.constant(plan),
    lines: fc.array(lineOf(plan), { minLength: 1, maxLength: 6 }),
    mark: fc.constantFrom('', '', '\ufeff'),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    chunks: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
  }),
);

/** The codec and the reference of one plan, each with an encoder of its own. */
class Codecs {
  readonly schema: TableSchema;
  readonly input;

  constructor({ columns, rules }: PlannedColumns) {
    this.schema = { columns: columns.map(({ to }) => to), primaryKey: [] };
    this.input = {
      columns: columns.map(({ name, to }) => ({
        source: name,
        destination: to.name,
        sourceType: VARIANT,
        destinationType: to.type,
      })),
      source: {
        columns: columns.map(({ name }) => ({ name, type: VARIANT, nullable: true })),
        primaryKey: [],
      },
      destination: this.schema,
      policies,
      rules,
      keyColumns: columns.flatMap(({ to, isKey }) => (isKey ? [to.name] : [])),
    };
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
    const codec = new JsonCodec({ ...this.input, sinks: sinks.columns, lose, mode });
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

interface Read {
  readonly rejects: unknown[];
  readonly names: string[];
  readonly unknown: Record<string, number>;
  bytes: number;
}

async function read(
  plan: PlannedColumns,
  content: Buffer,
  chunks: readonly number[],
  takesRaw: boolean,
  each: (batch: RowBatch) => void,
): Promise<Read> {
  const columns = plan.columns.map(({ name }) => ({ name, type: VARIANT, nullable: true }));
  const found: Read = { rejects: [], names: [], unknown: {}, bytes: 0 };
  const { signal } = new AbortController();
  for await (const batch of jsonlReader().read(
    new MemoryFile(content, chunks),
    columns,
    signal,
    undefined,
    takesRaw,
  )) {
    each(batch);
    found.bytes += batch.bytes;
    found.rejects.push(...batch.rejects);
    const rows = batch.rows.length + (batch.raw?.rows ?? 0);
    for (let index = 0; index < rows; index++) found.names.push(batch.nameRow?.(index) ?? '');
    for (const [name, values] of batch.unknownColumns ?? [])
      found.unknown[name] = (found.unknown[name] ?? 0) + values;
  }
  return found;
}

describe('compiled: JSON to Avro', () => {
  it('writes the bytes of the reference, or leaves the row to it, in both modes and however the file is cut', async () => {
    let byCodec = 0;
    let byReference = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ plan, lines, mark, lineEnd, chunks }) => {
        const content = Buffer.concat([
          Buffer.from(mark),
          ...lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from(lineEnd), line])),
        ]);
        const codecs = new Codecs(plan);
        const rows: Row[] = [];
        let expected: Read;
        try {
          expected = await read(plan, content, chunks, false, (batch) => rows.push(...batch.rows));
        } catch (error) {
          // A first line that begins an array ends the file
          await assert.rejects(
            read(plan, content, chunks, true, () => undefined),
            error as Error,
          );
          return;
        }
        const references = rows.map((row) => codecs.reference(row));
        for (const mode of ['generated', 'closures'] as const) {
          const compile = codecs.compiled(mode);
          const results: ReturnType<typeof compile> = [];
          const found = await read(plan, content, chunks, true, (batch) => {
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

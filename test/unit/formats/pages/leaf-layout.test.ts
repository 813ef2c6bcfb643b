import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { BeamliftError } from '../../../../core/errors';
import { readParquetFooter } from '../../../../extractors/formats/parquet-footer';
import { DecoderThreads } from '../../../../extractors/formats/parquet-threads';
import { planColumns } from '../../../../extractors/formats/pages/page-plan';
import { memoryFile } from '../parquet-files';
import { TYPE_CASES } from '../parquet-type-cases';
import { decodeArrow, type Decoded } from './both-decoders';

const { signal } = new AbortController();

function fileOf(schema: readonly SchemaElement[]): Buffer {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({ writer: bytes, schema: [{ name: 'root', num_children: 1 }, ...schema] });
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

/** The column as it is planned here; undefined: it is refused. */
async function planOf(content: Buffer): Promise<Decoded['columns'][number] | undefined> {
  const [plan] = planColumns(await readParquetFooter(memoryFile(content), signal)).values();
  if (plan === undefined || 'refused' in plan) return undefined;
  const { name, nullable, layout } = plan;
  return { name, nullable, layout };
}

async function assertKnownToBoth(schema: readonly SchemaElement[], threads: DecoderThreads): Promise<void> {
  const content = fileOf(schema);
  const plan = await planOf(content);
  assert.ok(plan !== undefined);
  assert.deepEqual([plan], (await decodeArrow(content, threads)).columns);
}

const PHYSICAL = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const;
const CONVERTED = [
  'UTF8',
  'ENUM',
  'DECIMAL',
  'DATE',
  'TIME_MILLIS',
  'TIME_MICROS',
  'TIMESTAMP_MILLIS',
  'TIMESTAMP_MICROS',
  'UINT_8',
  'UINT_16',
  'UINT_32',
  'UINT_64',
  'INT_8',
  'INT_16',
  'INT_32',
  'INT_64',
  'JSON',
  'BSON',
  'INTERVAL',
] as const;
const UNITS = ['MILLIS', 'MICROS', 'NANOS'] as const;

const logicalType: fc.Arbitrary<NonNullable<SchemaElement['logical_type']>> = fc.oneof(
  fc.constantFrom(
    ...(['STRING', 'ENUM', 'DATE', 'NULL', 'JSON', 'BSON', 'UUID', 'FLOAT16'] as const).map((type) => ({
      type,
    })),
  ),
  fc.record({
    type: fc.constantFrom('TIME' as const, 'TIMESTAMP' as const),
    isAdjustedToUTC: fc.boolean(),
    unit: fc.constantFrom(...UNITS),
  }),
  fc.record({
    type: fc.constant('INTEGER' as const),
    bitWidth: fc.constantFrom(8, 16, 32, 64),
    isSigned: fc.boolean(),
  }),
  fc
    .record({ precision: fc.integer({ min: 1, max: 80 }), scale: fc.integer({ min: 0, max: 12 }) })
    .map((decimal) => ({ type: 'DECIMAL' as const, ...decimal })),
);

interface ElementCase extends Omit<SchemaElement, 'name' | 'converted_type' | 'logical_type'> {
  readonly type_length: number;
  readonly converted_type?: SchemaElement['converted_type'] | undefined;
  readonly logical_type?: SchemaElement['logical_type'] | undefined;
}

describe('the layout of a leaf', () => {
  const threads = new DecoderThreads();
  const assertKnown = async (schema: readonly SchemaElement[]): Promise<void> => {
    await assertKnownToBoth(schema, threads);
  };

  for (const { name, element } of TYPE_CASES) {
    it(`is that of Rust's Arrow for ${name}, alone and in lists`, async () => {
      await assertKnown([{ name: 'c', repetition_type: 'OPTIONAL', ...element }]);
      await assertKnown([{ name: 'c', repetition_type: 'REQUIRED', ...element }]);
      for (const repetition_type of ['OPTIONAL', 'REQUIRED'] as const) {
        const list = { name: 'c', repetition_type, num_children: 1, converted_type: 'LIST' } as const;
        const repeated = { name: 'list', repetition_type: 'REPEATED', num_children: 1 } as const;
        await assertKnown([list, repeated, { name: 'element', repetition_type: 'REQUIRED', ...element }]);
        await assertKnown([list, repeated, { name: 'element', repetition_type: 'OPTIONAL', ...element }]);
        await assertKnown([list, { name: 'array', repetition_type: 'REPEATED', ...element }]);
      }
    });
  }

  it("is that of Rust's Arrow, or not known, whatever a footer says", async () => {
    const elements = fc.record(
      {
        type: fc.constantFrom(...PHYSICAL),
        type_length: fc.integer({ min: 1, max: 34 }),
        converted_type: fc.option(fc.constantFrom(...CONVERTED), { nil: undefined }),
        logical_type: fc.option(logicalType, { nil: undefined }),
        precision: fc.integer({ min: 1, max: 80 }),
        scale: fc.integer({ min: 0, max: 12 }),
      },
      { requiredKeys: ['type', 'type_length', 'precision', 'scale'] },
    );
    let known = 0;
    const check = async ({ type_length, ...rest }: ElementCase): Promise<void> => {
      const fixed = rest.type === 'FIXED_LEN_BYTE_ARRAY' ? { type_length } : {};
      const element = { name: 'c', repetition_type: 'OPTIONAL', ...rest, ...fixed } as SchemaElement;
      const content = fileOf([element]);
      const plan = await planOf(content);
      if (plan === undefined) return;
      known++;
      const columns = await decodeArrow(content, threads).then(
        (decoded) => decoded.columns,
        (error: unknown) => {
          assert.ok(error instanceof BeamliftError);
          return error.why;
        },
      );
      assert.deepEqual(columns, [plan], JSON.stringify(element));
    };
    await fc.assert(fc.asyncProperty(elements, check), { numRuns: 3000 });
    assert.ok(known > 200, `${known} were known`);
  });
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { RunContext } from '../../../core/plan';
import type { Column } from '../../../core/schema';
import { csvReader } from '../../../extractors/formats/csv';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { encodeRows } from '../../../pipelines/encode-rows';
import { RejectFile } from '../../../pipelines/reject-file';
import { AvroSinks } from '../../../transforms/compiled/avro-sinks';
import { CsvCodec } from '../../../transforms/compiled/csv-codec';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { avroSchemaOf } from '../../../transforms/encode/avro-schema';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { MemoryFile } from '../formats/memory-file';
import { fakeContext, unit } from '../pipelines/fake-equipment';
import { readRows } from '../transforms/avro-reading';
import { oddText, TEXT_CASES, type TextCase } from './arbitrary-text';

const NEVER_ABORTED = new AbortController().signal;
const STRING = { kind: 'string' } as const;
const MODES = ['wasm', 'generated', 'closures'] as const;

/** Types that Avro has, and that BigQuery's rules know. */
const CASES = TEXT_CASES.filter(({ type }) => {
  try {
    avroSchemaOf({ columns: [{ name: 'c', type, nullable: true }], primaryKey: [] });
    return true;
  } catch {
    return false;
  }
});

interface Table {
  readonly columns: readonly { readonly each: TextCase; readonly nullable: boolean }[];
  /** In the order of the file: numbers of columns, and of some that nobody asks for. */
  readonly order: readonly number[];
  readonly rows: readonly (readonly { readonly text: string | null; readonly quoted: boolean }[])[];
  readonly nulls: readonly string[];
  readonly quotedNulls: boolean;
  readonly delimiter: string;
  readonly escape: string;
  readonly newline: string;
  /** How many fields of a row are missing, by row. */
  readonly cut: readonly number[];
  readonly chunk: number;
}

const table: fc.Arbitrary<Table> = fc
  .array(fc.record({ each: fc.constantFrom(...CASES), nullable: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((columns) => {
    const cell = (each: TextCase) =>
      fc.record({
        text: fc.option(fc.oneof({ weight: 5, arbitrary: each.plain }, { weight: 1, arbitrary: oddText }), {
          freq: 6,
        }),
        quoted: fc.boolean(),
      });
    return fc.record({
      columns: fc.constant(columns),
      order: fc.shuffledSubarray(
        Array.from({ length: columns.length + 1 }, (_, index) => index),
        { minLength: 1 },
      ),
      rows: fc.array(fc.tuple(...columns.map(({ each }) => cell(each))), { minLength: 1, maxLength: 6 }),
      nulls: fc.constantFrom([''], [''], [''], ['NULL', '\\N'], ['', 'a"b']),
      quotedNulls: fc.constantFrom(false, false, true),
      delimiter: fc.constantFrom(',', ',', ';', '\t', '||'),
      escape: fc.constantFrom('', '', '', '\\'),
      newline: fc.constantFrom('\n', '\n', '\r\n', '\r'),
      cut: fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 1, maxLength: 3 }),
      chunk: fc.integer({ min: 1, max: 200 }),
    });
  });

function render({ columns, order, rows, nulls, delimiter, escape, newline, cut }: Table): string {
  const header = order.map((column) => `c${column}`);
  const records = rows.map((cells, row) => {
    const fields = order.map((column) => {
      const cell = column < columns.length ? cells[column] : { text: 'extra', quoted: false };
      if (cell === undefined || cell.text === null) return nulls[0] ?? '';
      return field(cell.text, cell.quoted, delimiter, escape);
    });
    const missing = cut[row % cut.length] ?? 0;
    return fields.slice(0, Math.max(1, fields.length - missing));
  });
  return [header, ...records].map((fields) => fields.join(delimiter) + newline).join('');
}

function field(text: string, quoted: boolean, delimiter: string, escape: string): string {
  if (!quoted && !/["\r\n\\]/.test(text) && !text.includes(delimiter) && !text.includes('|')) return text;
  const inner = escape === '' ? text.replaceAll('"', '""') : text.replaceAll(/["\\]/g, `${escape}$&`);
  return `"${inner}"`;
}

function schemasOf({ columns }: Table) {
  const named = (type: (index: number) => Column['type'], nullable: (index: number) => boolean) => ({
    columns: columns.map((_, index) => ({ name: `c${index}`, type: type(index), nullable: nullable(index) })),
    primaryKey: [],
  });
  return {
    source: named(
      () => STRING,
      () => true,
    ),
    destination: named(
      (index) => columns[index]?.each.type ?? STRING,
      (index) => columns[index]?.nullable ?? true,
    ),
  };
}

/** Or the words of the error. */
async function outcomeOf<Value>(encoded: Promise<Value>): Promise<Value | string> {
  try {
    return await encoded;
  } catch (error) {
    if (error instanceof BeamliftError) return error.message;
    throw error;
  }
}

describe('compiled: CSV to Avro', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-csv-codec-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function encode(given: Table, bytes: Uint8Array, codecs: CodecMode | 'decoded') {
    const { source, destination } = schemasOf(given);
    const changes: Partial<RunContext> = {
      stagingFormat: 'avro',
      sourceSchema: source,
      destinationSchema: destination,
      maxRejects: 1000,
      columns: given.columns.map(({ each }, index) => ({
        source: `c${index}`,
        destination: `c${index}`,
        sourceType: STRING,
        destinationType: each.type,
      })),
    };
    const reader = csvReader({
      null_marker: [...given.nulls],
      quoted_nulls: given.quotedNulls,
      delimiter: given.delimiter,
      escape: given.escape,
      ragged_rows: 'pad',
    });
    const file = new MemoryFile(bytes, [given.chunk]);
    const batches = reader.read(file, source.columns, NEVER_ABORTED, undefined, codecs !== 'decoded');
    const rejectFile = new RejectFile({ folder }, { job: 'j', runId: 'r', unit: 'u', file: undefined });
    const stream = encodeRows(
      fakeContext(folder, changes),
      unit('u'),
      { wire: 'cells', batches },
      {
        target: { rules: BIGQUERY_RULES, ndjson: BIGQUERY_NDJSON },
        rejectFile,
        onProgress: () => undefined,
        signal: NEVER_ABORTED,
        codecs: codecs === 'decoded' ? undefined : codecs,
      },
    );
    try {
      const pieces = [Buffer.from(stream.header)];
      for await (const block of stream.blocks) pieces.push(Buffer.from(block.bytes));
      const kept = stream.rejectFile();
      // The reader tells of the rows of a batch that it cannot read before others are found.
      const rejects = kept === undefined ? [] : (await readFile(kept, 'utf8')).split('\n').sort();
      const rows = await readRows(destination, Buffer.concat(pieces));
      return { rows, counts: stream.counts(), rejects };
    } finally {
      await rejectFile.close();
      await rejectFile.discard();
    }
  }

  it('stages, refuses and counts records as cells are, in every mode', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.option(fc.nat()), async (given, damage) => {
        const bytes = Buffer.from(render(given), 'utf8');
        // A byte that no UTF-8 has, in place of any.
        if (damage !== null) bytes[damage % bytes.length] = 0xff;
        const decoded = await outcomeOf(encode(given, bytes, 'decoded'));
        for (const mode of MODES) {
          assert.deepEqual(await outcomeOf(encode(given, bytes, mode)), decoded);
        }
      }),
      { numRuns: 120 },
    );
  });

  const LIMITED: readonly Column['type'][] = [
    STRING,
    { kind: 'string', maxLength: 4 },
    { kind: 'string', values: ['a"b', 'c'] },
  ];
  for (const escape of ['', '\\']) {
    it(`writes texts with quotes within quotes as cells are (escape: ${JSON.stringify(escape)})`, async () => {
      const texts = [
        'a"b',
        '"',
        'a""b',
        'ab"cd',
        'c',
        '\\"',
        `${'x'.repeat(40)}${'"'.repeat(20)}y`,
        `"${'ä'.repeat(31)}`,
      ];
      for (const text of texts) {
        const given: Table = {
          columns: LIMITED.map((type) => ({ each: { type } as TextCase, nullable: true })),
          order: [0, 1, 2],
          rows: [0, 1, 2].map((own) =>
            LIMITED.map((_, column) => ({ text: column === own ? text : 'c', quoted: true })),
          ),
          nulls: [''],
          quotedNulls: false,
          delimiter: ',',
          escape,
          newline: '\n',
          cut: [0],
          chunk: 1000,
        };
        const bytes = Buffer.from(render(given), 'utf8');
        const decoded = await encode(given, bytes, 'decoded');
        assert.ok(decoded.rows.length > 0);
        for (const mode of MODES) {
          assert.deepEqual(await encode(given, bytes, mode), decoded, `${text}, ${mode}`);
        }
      }
    });
  }

  it('takes records of ordinary values', async () => {
    const given: Table = {
      columns: CASES.map((each) => ({ each, nullable: true })),
      order: CASES.map((_, index) => index),
      rows: [],
      nulls: [''],
      quotedNulls: false,
      delimiter: ',',
      escape: '',
      newline: '\n',
      cut: [0],
      chunk: 1000,
    };
    const ordinary = ['"a ""quoted"" text"', '', '1', '2024-05-06 07:08:09.5', '{"a":"b"}', 'true'];
    const lines = ordinary.map((text) => (text.startsWith('{') ? `"${text.replaceAll('"', '""')}"` : text));
    const ordinaryCells = ['a "quoted" text', null, ...ordinary.slice(2)];
    const { source } = schemasOf(given);
    const columns = source.columns.slice(0, lines.length);
    const types: Column['type'][] = [
      STRING,
      STRING,
      { kind: 'int', bits: 64 },
      { kind: 'timestamp', unit: 'us' },
      { kind: 'json' },
      { kind: 'bool' },
    ];
    const destination = {
      columns: columns.map(({ name }, index) => ({ name, type: types[index] ?? STRING, nullable: true })),
      primaryKey: [],
    };
    const encoder = compileAvroEncoder(destination, { codec: 'null', sync: Buffer.alloc(16) });
    const sinks = new AvroSinks(encoder, destination);
    const codec = new CsvCodec({
      columns: columns.map(({ name }, index) => ({
        source: name,
        destination: name,
        sourceType: STRING,
        destinationType: types[index] ?? STRING,
      })),
      source: { columns, primaryKey: [] },
      destination,
      policies: fakeContext(folder).policies,
      rules: BIGQUERY_RULES,
      keyColumns: [],
      sinks: sinks.columns,
      lose: () => undefined,
      mode: 'generated',
    });
    const text = `${columns.map(({ name }) => name).join(',')}\n${`${lines.join(',')}\n`.repeat(50)}`;
    let taken = 0;
    for await (const { raw, rows } of csvReader({}).read(
      new MemoryFile(Buffer.from(text)),
      columns,
      NEVER_ABORTED,
      undefined,
      true,
    )) {
      assert.equal(rows.length, 0);
      if (raw === undefined) continue;
      assert.equal(raw.wire, 'csv');
      codec.begin(raw);
      for (let row = 0; row < raw.rows; row++) {
        sinks.beginRow();
        assert.ok(codec.write());
        assert.ok(sinks.endRow());
        const cells = columns.map((_, index) => codec.cell(index));
        assert.deepEqual(cells, ordinaryCells);
        assert.deepEqual(codec.decode(), { row: cells });
        codec.next();
        taken++;
      }
    }
    assert.equal(taken, 50);
  });
});

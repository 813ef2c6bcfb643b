import assert from 'node:assert/strict';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { formatType } from '../../../core/format-type';
import { PARQUET_DECODERS, type ParquetDecoderChoice } from '../../../core/plan';
import { parquetReader } from '../../../extractors/formats/parquet';
import { goldenCell, memoryFile, readEverything, type Everything } from './parquet-files';

const { signal } = new AbortController();

/** Writes one column under a schema that the writer knows, and declares it as `legacy`, whose levels are the same. */
function written(
  schema: SchemaElement[],
  values: readonly unknown[],
  legacy: readonly SchemaElement[] = schema,
): Buffer {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    statistics: false,
    schema: [{ name: 'root', num_children: 1 }, ...schema],
  });
  void writer.write({ columnData: [{ name: schema[0]?.name ?? '', data: [...values] }] });
  writer.schema.splice(1, schema.length, ...legacy);
  const names = new Set(legacy.map(({ name }) => name));
  for (const { columns } of writer.row_groups) {
    for (const { meta_data: metadata } of columns) {
      if (metadata !== undefined)
        metadata.path_in_schema = metadata.path_in_schema.filter((name) => names.has(name));
    }
  }
  void writer.finish();
  return Buffer.from(bytes.getBytes());
}

const LIST: SchemaElement[] = [
  { name: 'l', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', type: 'INT32' },
];
const LISTS = [[1, 2], [], null, [3]];

const testsOf = (parquet_decoder: ParquetDecoderChoice) => (): void => {
  const reader = parquetReader({ parquet_decoder });

  async function read(content: Buffer): Promise<{ types: string[]; cells: unknown[]; all: Everything }> {
    const all = await readEverything(reader, memoryFile(content));
    return {
      types: all.columns.map(({ type }) => formatType(type)),
      cells: all.rows.map(([cell]) => goldenCell(cell ?? null)),
      all,
    };
  }

  const lists = LISTS.map((list) => list?.map((value) => ({ n: String(value) })) ?? null);

  for (const [what, legacy] of [
    ['of three levels', LIST],
    [
      'of two levels, as Hive and old Avro wrote them',
      [
        { ...LIST[0], name: 'l' },
        { name: 'array', repetition_type: 'REPEATED', type: 'INT32' },
      ],
    ],
    [
      'of two levels, as Thrift wrote them',
      [
        { ...LIST[0], name: 'l' },
        { name: 'l_tuple', repetition_type: 'REPEATED', type: 'INT32' },
      ],
    ],
  ] as const) {
    it(`reads lists ${what}`, async () => {
      const { types, cells } = await read(written(LIST, LISTS, legacy));
      assert.deepEqual([types, cells], [['array<int32>'], lists]);
    });
  }

  it('reads a repeated field without a list around it, as protocol buffers are written', async () => {
    const required = LIST.map((element, index): SchemaElement =>
      index === 0 ? { ...element, repetition_type: 'REQUIRED' } : element,
    );
    const bare: SchemaElement[] = [{ name: 'l', repetition_type: 'REPEATED', type: 'INT32' }];
    const { types, cells } = await read(written(required, [[1, 2], [], [3]], bare));
    assert.deepEqual([types, cells], [['array<int32>'], [[{ n: '1' }, { n: '2' }], [], [{ n: '3' }]]]);
  });

  it('reads a group of two fields that repeats in two levels as a list of structs', async () => {
    const schema: SchemaElement[] = [
      { name: 'l', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
      { name: 'a', repetition_type: 'REQUIRED', type: 'INT32' },
      { name: 'b', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    ];
    const legacy = [
      schema[0],
      { name: 'array', repetition_type: 'REPEATED', num_children: 2 },
      schema[3],
      schema[4],
    ].flatMap((element) => (element === undefined ? [] : [element as SchemaElement]));
    const { types, cells } = await read(
      written(
        schema,
        [
          [
            { a: 1, b: 'x' },
            { a: 2, b: null },
          ],
          [],
          null,
        ],
        legacy,
      ),
    );
    assert.deepEqual(types, ['array<struct<a int32, b string>>']);
    assert.deepEqual(cells, [
      [
        [{ n: '1' }, 'x'],
        [{ n: '2' }, null],
      ],
      [],
      null,
    ]);
  });

  it('reads maps as they are annotated today and were before', async () => {
    const map = (outer: SchemaElement['converted_type'], inner: string): SchemaElement[] => [
      {
        name: 'm',
        repetition_type: 'OPTIONAL',
        num_children: 1,
        ...(outer === undefined ? {} : { converted_type: outer }),
      },
      { name: inner, repetition_type: 'REPEATED', num_children: 2 },
      { name: 'key', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      { name: 'value', repetition_type: 'OPTIONAL', type: 'INT32' },
    ];
    const values = [{ a: 1, b: null }, {}, null];
    const content = written(map('MAP', 'key_value'), values);
    const today = await read(content);
    assert.deepEqual(today.types, ['array<struct<key string, value int32>>']);
    assert.deepEqual(today.cells, [
      [
        ['a', { n: '1' }],
        ['b', null],
      ],
      [],
      null,
    ]);
    const before = await read(written(map('MAP', 'key_value'), values, map('MAP_KEY_VALUE', 'key_value')));
    assert.deepEqual([before.types, before.cells], [today.types, today.cells]);
  });

  it('reads a file without row groups, and one of a row group without rows', async () => {
    const schema: SchemaElement[] = [{ name: 'a', repetition_type: 'OPTIONAL', type: 'INT32' }];
    for (const values of [undefined, []]) {
      const bytes = new ByteWriter();
      const writer = new ParquetWriter({
        writer: bytes,
        schema: [{ name: 'root', num_children: 1 }, ...schema],
      });
      if (values !== undefined) void writer.write({ columnData: [{ name: 'a', data: values }] });
      void writer.finish();
      const { types, all } = await read(Buffer.from(bytes.getBytes()));
      assert.deepEqual([types, all.rows], [['int32'], []]);
    }
  });

  it('reads a thousand columns', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `column ${index}`);
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: 'root', num_children: names.length },
        ...names.map((name): SchemaElement => ({ name, repetition_type: 'OPTIONAL', type: 'INT32' })),
      ],
    });
    void writer.write({ columnData: names.map((name, index) => ({ name, data: [index, null] })) });
    void writer.finish();
    const file = memoryFile(Buffer.from(bytes.getBytes()));
    const { columns } = await reader.describe(file, signal);
    const some = columns.filter((_, index) => index % 400 === 399);
    assert.deepEqual((await readEverything(reader, file, some)).rows, [
      [399n, 799n],
      [null, null],
    ]);
    const all = await readEverything(reader, file);
    assert.deepEqual(
      all.rows[0],
      names.map((_, index) => BigInt(index)),
    );
  });
};

for (const choice of PARQUET_DECODERS)
  describe(`Parquet of other shapes, decoded with ${choice}`, testsOf(choice));

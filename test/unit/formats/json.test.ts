import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError } from '../../../core/errors';
import { BATCH_BYTES } from '../../../core/extractor';
import { formatType } from '../../../core/format-type';
import type { Column } from '../../../core/schema';
import type { FormatReader } from '../../../extractors/formats/format-reader';
import { jsonlReader, jsonReader } from '../../../extractors/formats/json';
import { OTHER_NAMES } from '../../../extractors/formats/json-batches';
import { MAX_JSON_NAMES } from '../../../extractors/formats/json-names';
import { MemoryFile } from './memory-file';
import { readEverything } from './parquet-files';

const GOLDEN = path.join(__dirname, '../../golden/json');
const VEGA = path.join(__dirname, '../../../node_modules/vega-datasets/data');
const signal = new AbortController().signal;

interface Golden {
  reader: 'json' | 'jsonl';
  columns: Record<string, string>;
  rows: unknown[][];
  places: string[];
  rejects: unknown[];
}

function types(columns: readonly Column[]): [name: string, type: string][] {
  for (const { type, nullable } of columns) assert.ok(type.kind === 'variant' && nullable);
  return columns.map(({ name, inferredType }) => [
    name,
    inferredType === undefined ? 'null' : formatType(inferredType),
  ]);
}

async function described(
  reader: FormatReader,
  content: string,
  seekable = true,
): Promise<ReturnType<typeof types>> {
  return types(
    (await reader.describe(new MemoryFile(Buffer.from(content), [10_000], seekable), signal)).columns,
  );
}

describe('JSON files', () => {
  for (const name of [
    'numbers.jsonl',
    'bad-lines.jsonl',
    'pretty-array.json',
    'one-object.json',
    'concatenated.json',
  ]) {
    it(`reads the golden file ${name}`, async () => {
      const content = await fs.readFile(path.join(GOLDEN, name));
      const expected = JSON.parse(
        await fs.readFile(path.join(GOLDEN, `${name}.expected.json`), 'utf8'),
      ) as Golden;
      const all = await readEverything(
        expected.reader === 'json' ? jsonReader() : jsonlReader(),
        new MemoryFile(content, [7]),
      );
      assert.deepEqual(types(all.columns), Object.entries(expected.columns));
      assert.deepEqual(all.rows, expected.rows);
      assert.deepEqual(all.names, expected.places);
      assert.deepEqual(all.rejects, expected.rejects);
      assert.equal(all.bytes, content.length);
    });
  }

  for (const [name, records] of [
    ['movies.json', 3201],
    ['cars.json', 406],
    ['flights-20k.json', 20000],
    ['football.json', undefined],
    ['github.csv', undefined],
  ] as const) {
    it(`reads ${name} of vega-datasets as JSON.parse does`, async () => {
      const content = await fs.readFile(path.join(VEGA, name));
      const read = readEverything(jsonReader(), new MemoryFile(content));
      if (!name.endsWith('.json')) {
        await assert.rejects(
          read,
          (error: unknown) => error instanceof BeamliftError && error.code === 'FORMAT_INVALID',
        );
        return;
      }
      const parsed = JSON.parse(content.toString('utf8')) as Record<string, unknown>[];
      const all = await read;
      if (records !== undefined) assert.equal(all.rows.length, records);
      assert.equal(all.rows.length, parsed.length);
      const names = all.columns.map((column) => column.name);
      all.rows.forEach((row, index) => {
        const cells = row.map((cell) => (cell === null ? null : (JSON.parse(cell as string) as unknown)));
        assert.deepEqual(
          cells,
          names.map((column) => parsed[index]?.[column] ?? null),
        );
      });
      assert.deepEqual(all.rejects, []);
    });
  }

  it('gives the mixed titles of movies.json one type', async () => {
    const content = await fs.readFile(path.join(VEGA, 'movies.json'));
    const { columns, rows } = await jsonReader().describe(new MemoryFile(content), signal);
    const byName = new Map(types(columns));
    assert.equal(byName.get('Title'), 'string');
    assert.equal(byName.get('US Gross'), 'int64');
    assert.equal(byName.get('IMDB Rating'), 'float64');
    assert.equal(rows.quality, 'sampled');
    assert.ok(Math.abs(rows.count - 3201) < 100, `${rows.count}`);
  });

  it('says how the types of several files meet', () => {
    const meet = jsonlReader().widenInferred;
    assert.ok(meet !== undefined);
    assert.deepEqual(meet({ kind: 'json' }, { kind: 'string' }), { kind: 'json' });
    assert.deepEqual(meet({ kind: 'bool' }, { kind: 'date' }), { kind: 'string' });
  });

  it('looks at the beginning, the middle and the end of lines', async () => {
    const record = (text: string): string => `{"a":${text},"filler":"${'x'.repeat(200)}"}\n`;
    const plain = record('1').repeat(10_000);
    const content = `${plain}${record('0.5').repeat(3000)}${plain}${record('1').replace('"a"', '"late":true,"a"').repeat(3)}`;
    assert.deepEqual(await described(jsonlReader(), content), [
      ['a', 'float64'],
      ['filler', 'string'],
      ['late', 'bool'],
    ]);
    assert.deepEqual(await described(jsonlReader(), content, false), [
      ['a', 'int64'],
      ['filler', 'string'],
    ]);
  });

  it('looks at the middle and the end of an array where it finds records there', async () => {
    const record = (text: string): string =>
      `{"a":${text},"items":[{"b":1},{"b":{"c":[]}},{"b":"},{"}],"filler":"${'x'.repeat(200)}"}`;
    const plain = new Array<string>(8000).fill(record('1'));
    const content = `[${[...plain, ...new Array<string>(3000).fill(record('"two"')), ...plain, record('{}')].join(',\n')}]`;
    assert.deepEqual(await described(jsonReader(), content), [
      ['a', 'json'],
      ['items', 'json'],
      ['filler', 'string'],
    ]);
    const concatenated = content.slice(1, -1).replaceAll('},\n{"a"', '}\n{"a"');
    assert.equal((await described(jsonReader(), concatenated))[0]?.[1], 'json');
  });

  it('counts values under names that the sample did not show', async () => {
    const head = '{"a":1}\n'.repeat(200_000);
    const tail = '{"a":2,"b":null,"__proto__":0}\n{"b":[1],"__proto__":"x"}\n';
    const file = new MemoryFile(Buffer.from(head + tail + head), [100_000], false);
    const reader = jsonlReader();
    const { columns } = await reader.describe(file, signal);
    assert.deepEqual(types(columns), [['a', 'int64']]);
    const counts = new Map<string, number>();
    let rows = 0;
    for await (const batch of reader.read(file, columns, signal)) {
      rows += batch.rows.length;
      for (const [name, count] of batch.unknownColumns ?? [])
        counts.set(name, (counts.get(name) ?? 0) + count);
    }
    assert.equal(rows, 400_002);
    assert.deepEqual(
      [...counts],
      [
        ['b', 1],
        ['__proto__', 2],
      ],
    );
  });

  it('does not keep apart more names than a table has columns', async () => {
    const keys = Array.from({ length: MAX_JSON_NAMES + 2 }, (_, index) => `"k${index}":0`).join(',');
    const file = new MemoryFile(Buffer.from(`[{${keys}}]`));
    await assert.rejects(jsonReader().describe(file, signal), (error: unknown) => {
      return (
        error instanceof BeamliftError && error.code === 'LIMIT_EXCEEDED' && error.where.object === 'memory'
      );
    });
    for await (const batch of jsonReader().read(file, [], signal)) {
      assert.equal(batch.unknownColumns?.get(OTHER_NAMES), 2);
      assert.equal(batch.unknownColumns.size, MAX_JSON_NAMES + 1);
      assert.deepEqual(batch.rows, [[]]);
    }
  });

  it('reads columns in the order that is asked for, and nulls for what is not there', async () => {
    const file = new MemoryFile(Buffer.from('{"a":1,"b":"x"}\n{"b":null}\n'));
    const column = (name: string): Column => ({ name, type: { kind: 'variant' }, nullable: true });
    const all = await readEverything(jsonlReader(), file, [column('b'), column('none'), column('a')]);
    assert.deepEqual(all.rows, [
      ['"x"', null, '1'],
      [null, null, null],
    ]);
  });

  it('keeps batches small, and ends its stream when it is left or aborted', async () => {
    const file = new MemoryFile(Buffer.from('{"a":1}\n'.repeat(300_000)), [5_000_000]);
    const reader = jsonlReader();
    const { columns } = await reader.describe(file, signal);
    let bytes = 0;
    for await (const batch of reader.read(file, columns, signal)) {
      assert.ok(batch.bytes <= BATCH_BYTES, `${batch.bytes}`);
      bytes += batch.bytes;
    }
    assert.equal(bytes, file.bytes);
    for await (const batch of reader.read(file, columns, signal)) {
      assert.ok(batch.rows.length > 0);
      break;
    }
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const batch of reader.read(file, columns, controller.signal)) {
        assert.ok(batch.rows.length > 0);
        controller.abort(new BeamliftError('CANCELLED', { what: 'Stopped.' }));
      }
    }, /Stopped/);
    assert.equal(file.openStreams, 0);
  });

  it('says where a document is broken, with its file', async () => {
    const file = new MemoryFile(Buffer.from(`[${'{"a":1},'.repeat(50_000)}{"a":oops}]`));
    const reader = jsonReader();
    const { columns } = await reader.describe(file, signal);
    await assert.rejects(readEverything(reader, file, columns), (error: unknown) => {
      assert.ok(error instanceof BeamliftError);
      assert.deepEqual(error.where, { object: 'memory', row: 'record 50001' });
      return true;
    });
  });
});

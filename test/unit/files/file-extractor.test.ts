import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Row } from '../../../core/cells';
import { filesOfUnit } from '../../../core/files-of-unit';
import type { Extractor, ReadRequest, SourceServices } from '../../../core/extractor';
import type { SourceObject, SourceSpec, WorkUnit } from '../../../core/plan';
import type { Reject } from '../../../core/reject';
import { formatType } from '../../../core/format-type';
import { evenSample, MAX_DESCRIBED_FILES } from '../../../extractors/files/describe-files';
import { localSource } from '../../../extractors/files/local';
import { TempFolder } from './temp-folder';

const { signal } = new AbortController();
const ALL: WorkUnit = { kind: 'all', id: 'all' };
const VEGA = path.join(__dirname, '../../../node_modules/vega-datasets/data');

type FilesObject = Extract<SourceObject, { kind: 'files' }>;

function services(baseFolder: string, logged: unknown[] = []): SourceServices {
  const log = (event: string, fields?: object): void => void logged.push([event, fields]);
  return {
    secrets: { resolve: (text) => Promise.resolve(text) },
    environment: {},
    log: { debug: log, info: log, warn: log, error: log },
    baseFolder,
  };
}

async function open(
  folder: string,
  pattern: string,
  options: FilesObject['options'] = {},
  logged: unknown[] = [],
  format: FilesObject['format'] = 'csv',
): Promise<Extractor> {
  const source: SourceSpec = {
    type: 'local',
    connectionName: 'here',
    connection: { path: folder },
    object: { kind: 'files', pattern, format, options },
    maxConnections: 1,
  };
  return localSource.open(source, services('/', logged));
}

interface Reading {
  readonly rows: readonly Row[];
  readonly places: readonly string[];
  readonly rejects: readonly Reject[];
  readonly bytes: number;
}

async function read(extractor: Extractor, request: Partial<ReadRequest> = {}): Promise<Reading> {
  const names = (await extractor.schema(signal)).columns.map(({ name }) => name);
  const rows: Row[] = [];
  const places: string[] = [];
  const rejects: Reject[] = [];
  let bytes = 0;
  const { batches } = extractor.read(
    { unit: ALL, window: null, columns: names, limit: null, pin: undefined, ...request },
    signal,
  );
  for await (const batch of batches) {
    rows.push(...batch.rows);
    places.push(...batch.rows.map((_, index) => batch.nameRow?.(index) ?? ''));
    rejects.push(...batch.rejects);
    bytes += batch.bytes;
  }
  return { rows, places, rejects, bytes };
}

async function typesOf(extractor: Extractor): Promise<Record<string, string>> {
  const { columns } = await extractor.schema(signal);
  return Object.fromEntries(
    columns.map(({ name, inferredType }) => [
      name,
      inferredType === undefined ? '-' : formatType(inferredType),
    ]),
  );
}

async function unitsOf(extractor: Extractor): Promise<WorkUnit[]> {
  const files = (await extractor.files(signal)) ?? [];
  return files.map((file, index) => ({ kind: 'file', id: `f${index}`, ...file }));
}

describe('FileExtractor', () => {
  let folder: TempFolder;
  beforeEach(() => (folder = new TempFolder()));
  afterEach(() => folder.remove());

  it('reads one file as a unit, and names its rows by line', async () => {
    folder.write({ 'a.csv': 'x,y\n1,a\n2\n3,c\n' });
    const extractor = await open(folder.path, 'a.csv');
    const [unit = ALL] = await unitsOf(extractor);
    assert.deepEqual(await read(extractor, { unit }), {
      rows: [
        ['1', 'a'],
        ['3', 'c'],
      ],
      places: ['line 2', 'line 4'],
      rejects: [{ row: 'line 3', value: '2', reason: '1 field where the header has 2' }],
      bytes: 14,
    });
    assert.deepEqual(await extractor.estimate(null, signal), { rows: 3, bytes: 14, quality: 'exact' });
    assert.deepEqual(await extractor.notices(signal), ['1 file matches "a.csv" (14 bytes).']);
    const splits = await extractor.splits(null, signal);
    assert.equal(splits.kind, 'files');
    assert.equal(await extractor.pin(signal), undefined);
    await assert.rejects(extractor.upperBound('x', 0, signal), { code: 'PLAN_REFUSED' });
    await extractor.close();
  });

  it('reads several files as one table, whatever their order of columns, and names rows by file', async () => {
    folder.write({
      '1.csv': 'id,price\n1,1.5\n',
      '2.csv': 'note,id\nhello,2\n',
      '3.csv': 'price,id\n1e3,3\n',
      '4.csv': '',
    });
    const extractor = await open(folder.path, '*.csv');
    assert.deepEqual(await typesOf(extractor), { id: 'int64', price: 'float64', note: 'string' });
    const reading = await read(extractor);
    assert.deepEqual(reading.rows, [
      ['1', '1.5', null],
      ['2', null, 'hello'],
      ['3', '1e3', null],
    ]);
    assert.deepEqual(reading.places, ['1.csv line 2', '2.csv line 2', '3.csv line 2']);
    assert.deepEqual(await extractor.notices(signal), [
      '4 files match "*.csv" (46 bytes).',
      'No rows and no columns: 4.csv.',
      '2.csv differs: no column price (null there); column note, which most others lack.',
    ]);
    const units = await unitsOf(extractor);
    const rows = [];
    for (const unit of units.reverse()) rows.push(...(await read(extractor, { unit, columns: ['id'] })).rows);
    assert.deepEqual(rows, [['3'], ['2'], ['1']]);
  });

  it('gives inferred decimals room, after all files were seen', async () => {
    folder.write({ '1.csv': 'a,b\n1.25,1.5\n', '2.csv': 'a,b\n1.5,1e5\n' });
    assert.deepEqual(await typesOf(await open(folder.path, '*.csv')), { a: 'decimal(38,9)', b: 'float64' });
  });

  it('reads JSON and JSON lines, packed or not, and Parquet', async () => {
    folder.write({
      '1.json': '[{"id":1,"v":{"a":[]}},{"id":2}]',
      '2.json': gzipSync('[{"id":3,"v":7}]'),
      '1.jsonl': '{"id":1}\nnonsense\n{"id":9223372036854775808}\n',
    });
    const json = await open(folder.path, '*.json', {}, [], 'json');
    assert.deepEqual(await typesOf(json), { id: 'int64', v: 'json' });
    assert.deepEqual((await read(json)).rows, [
      ['1', '{"a":[]}'],
      ['2', null],
      ['3', '7'],
    ]);
    const lines = await open(folder.path, '1.jsonl', {}, [], 'jsonl');
    assert.deepEqual(await typesOf(lines), { id: 'decimal(38,0)' });
    const reading = await read(lines);
    assert.deepEqual([reading.rows, reading.rejects.length], [[['1'], ['9223372036854775808']], 1]);
    const flights = await open(VEGA, 'flights-3m.parquet', {}, [], 'parquet');
    assert.deepEqual(await flights.estimate(null, signal), {
      rows: 3_000_000,
      bytes: (await flights.files(signal))?.[0]?.bytes,
      quality: 'exact',
    });
    assert.equal((await read(flights, { limit: 5 })).rows.length, 5);
  });

  it('says which values of JSON are under names that no sample showed', async () => {
    const rows = Array.from(
      { length: 60_000 },
      (_, row) => `{"id":${row},"skipped":1,"text":"abcdefghijkl"}\n`,
    );
    rows[20_000] = '{"id":1,"late":true}\n';
    folder.write({ 'a.jsonl': rows.join('') });
    const logged: unknown[] = [];
    const extractor = await open(folder.path, 'a.jsonl', {}, logged, 'jsonl');
    const { columns } = await extractor.schema(signal);
    assert.deepEqual(
      columns.map(({ name }) => name),
      ['id', 'skipped', 'text'],
    );
    await read(extractor, { columns: ['id'] });
    assert.match(JSON.stringify(logged), /columns_unknown.*"columns":\[\{"name":"late","values":1\}\]/);
  });

  it('tells of names it made up', async () => {
    folder.write({ 'a.csv': 'x,x,\n1,2,3\n' });
    const notices = await (await open(folder.path, 'a.csv')).notices(signal);
    assert.deepEqual(notices.slice(1), [
      'a.csv: column 2 has the same name as another, x, and is called x_2.',
      'a.csv: column 3 has no name in the header and is called column_3.',
    ]);
  });

  it('reads at most as many rows as it is asked for', async () => {
    folder.write({ '1.csv': 'x\n1\n2\n', '2.csv': 'x\n3\n4\n' });
    const extractor = await open(folder.path, '*.csv');
    assert.deepEqual((await read(extractor, { limit: 3 })).rows, [['1'], ['2'], ['3']]);
    assert.deepEqual((await read(extractor, { limit: 1 })).places, ['1.csv line 2']);
  });

  it('reads gzip by its content, and counts stored bytes', async () => {
    const text = `a,b\n${'1,x\n'.repeat(100_000)}`;
    const packed = gzipSync(text);
    folder.write({ 'a.csv': packed });
    const extractor = await open(folder.path, 'a.csv');
    const { rows, bytes } = await read(extractor);
    assert.deepEqual([rows.length, bytes], [100_000, packed.length]);
    const estimate = await extractor.estimate(null, signal);
    assert.equal(estimate.rows, 100_000);
  });

  it('estimates the rows of a large gzip file', async () => {
    const rows = 300_000;
    const lines = Array.from({ length: rows }, (_, row) => `${row},${(row * 7919) % 1000},abcdefgh\n`);
    folder.write({ 'a.csv.gz': gzipSync(`a,b,c\n${lines.join('')}`) });
    const estimate = await (await open(folder.path, 'a.csv.gz')).estimate(null, signal);
    assert.equal(estimate.quality, 'sampled');
    assert.ok(Math.abs((estimate.rows ?? 0) - rows) < rows * 0.3, String(estimate.rows));
  });

  it('refuses a file that changed between planning and reading', async () => {
    folder.write({ 'a.csv': 'x\n1\n' });
    const extractor = await open(folder.path, 'a.csv');
    const [unit = ALL] = await unitsOf(extractor);
    await read(extractor, { unit });
    folder.write({ 'a.csv': 'x\n1\n2\n' });
    await assert.rejects(read(extractor, { unit }), { code: 'SOURCE_CHANGED', where: { object: 'a.csv' } });
  });

  it('reads the files of a unit one after another, and names them in rows, rejects and batches', async () => {
    folder.write({ 'a.csv': 'x,y\n1,a\n', 'b.csv': '', 'c.csv': 'y,x\nc,3\ntorn\n', 'd.csv': 'x,y\n4,d\n' });
    const extractor = await open(folder.path, '*.csv');
    const [a, b, c] = await unitsOf(extractor);
    const unit: WorkUnit = {
      id: 'f0001',
      kind: 'files',
      files: [a, b, c].flatMap((one) => filesOfUnit(one ?? ALL)),
    };
    const reading = await read(extractor, { unit });
    assert.deepEqual(reading.rows, [
      ['1', 'a'],
      ['3', 'c'],
    ]);
    assert.deepEqual(reading.places, ['a.csv line 2', 'c.csv line 2']);
    assert.deepEqual(reading.rejects, [
      { row: 'c.csv line 3', value: 'torn', reason: '1 field where the header has 2' },
    ]);
    assert.equal(reading.bytes, 8 + 0 + 13);
    const files = [];
    const { batches } = extractor.read(
      { unit, window: null, columns: ['x'], limit: null, pin: undefined },
      signal,
    );
    for await (const { file, rows } of batches) if (rows.length > 0) files.push(file);
    assert.deepEqual(files, ['a.csv', 'c.csv']);
  });

  for (const [what, change, code] of [
    ['changed', 'x\n22\n', 'SOURCE_CHANGED'],
    ['went', undefined, 'SOURCE_CHANGED'],
  ] as const) {
    it(`refuses a unit of which one file ${what}, and names that file`, async () => {
      folder.write({ 'a.csv': 'x\n1\n', 'b.csv': 'x\n2\n', 'c.csv': 'x\n3\n' });
      const extractor = await open(folder.path, '*.csv');
      const files = (await unitsOf(extractor)).flatMap(filesOfUnit);
      await extractor.schema(signal);
      if (change === undefined) rmSync(path.join(folder.path, 'b.csv'));
      else folder.write({ 'b.csv': change });
      await assert.rejects(read(extractor, { unit: { id: 'f0001', kind: 'files', files } }), {
        code,
        where: { object: 'b.csv' },
      });
    });
  }

  it('refuses units that are not files, and columns that are gone', async () => {
    folder.write({ 'a.csv': 'x\n1\n' });
    const extractor = await open(folder.path, 'a.csv');
    await assert.rejects(read(extractor, { unit: { kind: 'is-null', id: 'n', column: 'x' } }), {
      code: 'INTERNAL',
    });
    await assert.rejects(read(extractor, { columns: ['y'] }), { code: 'SOURCE_CHANGED' });
  });

  it('looks into a bounded number of files, and says when another has columns that are not loaded', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`f${String(index).padStart(2, '0')}.csv`, 'x\n1\n']),
    );
    folder.write({ ...files, 'f01.csv': 'x,surprise\n1,2\n' });
    const logged: unknown[] = [];
    const extractor = await open(folder.path, '*.csv', {}, logged);
    assert.deepEqual(Object.keys(await typesOf(extractor)), ['x']);
    assert.match((await extractor.notices(signal)).join('\n'), /taken from 20 of 60 files/);
    assert.equal((await read(extractor)).rows.length, 60);
    assert.equal(logged.length, 1);
    assert.match(JSON.stringify(logged), /columns_unknown.*f01\.csv.*surprise/);
    const estimate = await extractor.estimate(null, signal);
    assert.equal(estimate.quality, 'sampled');
    assert.ok(Math.abs((estimate.rows ?? 0) - 60) <= 3);
  });

  it('reads what no one here made', async () => {
    const extractor = await open(VEGA, '{zipcodes,birdstrikes}.csv');
    const types = await typesOf(extractor);
    assert.deepEqual(
      [types['zip_code'], types['latitude'], types['Flight Date']],
      ['string', 'decimal(38,9)', 'date'],
    );
    const zipcodes = await open(VEGA, 'zipcodes.csv');
    const reading = await read(zipcodes, { columns: ['zip_code'] });
    assert.deepEqual([reading.rows[0], reading.rejects], [['00501'], []]);
    assert.equal(
      reading.rows.length,
      readFileSync(path.join(VEGA, 'zipcodes.csv'), 'latin1').trim().split('\n').length - 1,
    );
  });

  it('passes on why a file cannot be read, with its name', async () => {
    const whole = gzipSync('a,b\n1,2\n');
    folder.write({
      'open-quote.csv': 'a,b\n1,"2\n',
      'truncated.csv.gz': whole.subarray(0, whole.length - 4),
      'not.csv.gz': 'a,b\n1,2\n',
      'nothing.csv.gz': '',
      'archive.csv': 'PK\x03\x04aaaaaaaaa',
      'empty.csv': '',
      'latin1.csv': Buffer.from('größe,b\n1,2\n', 'latin1'),
    });
    const failures: [string, string][] = [
      ['open-quote.csv', 'FORMAT_INVALID'],
      ['truncated.csv.gz', 'FORMAT_INVALID'],
      ['not.csv.gz', 'FORMAT_INVALID'],
      ['nothing.csv.gz', 'FORMAT_INVALID'],
      ['archive.csv', 'FORMAT_INVALID'],
      ['latin1.csv', 'FORMAT_INVALID'],
      ['empty.csv', 'SOURCE_EMPTY'],
    ];
    for (const [name, code] of failures) {
      const extractor = await open(folder.path, name);
      await assert.rejects(
        read(extractor),
        (error: { code?: string; where?: { object?: string } }) =>
          error.code === code && error.where?.object === name,
        name,
      );
    }
    const latin1 = await open(folder.path, 'latin1.csv', { encoding: 'latin1' });
    assert.deepEqual(Object.keys(await typesOf(latin1)), ['größe', 'b']);
  });

  it('tries again to list after a failure', async () => {
    const extractor = await open(folder.path, '*.csv');
    await assert.rejects(extractor.files(signal), { code: 'SOURCE_EMPTY' });
    folder.write({ 'a.csv': 'x\n1\n' });
    assert.equal((await extractor.files(signal))?.length, 1);
  });
});

describe('evenSample', () => {
  it('takes the first, the last, and evenly between', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const sample = evenSample(items, MAX_DESCRIBED_FILES);
    assert.deepEqual([sample.length, sample[0], sample.at(-1)], [MAX_DESCRIBED_FILES, 0, 999]);
    assert.deepEqual(evenSample([1, 2], 20), [1, 2]);
  });
});

describe('localSource', () => {
  let folder: TempFolder;
  beforeEach(() => (folder = new TempFolder()));
  afterEach(() => folder.remove());

  it('checks the folder and what is in it', async () => {
    folder.write({ 'a.csv': '12345', 'b/c.csv': '' });
    assert.deepEqual(await localSource.check({ path: folder.path }, services('/'), signal), [
      { step: 'folder', ok: true, detail: `${folder.path} is a folder` },
      { step: 'files', ok: true, detail: '2 files below it, 5 bytes' },
    ]);
    const missing = await localSource.check({ path: 'none' }, services(folder.path), signal);
    assert.deepEqual(
      missing.map(({ step, ok }) => [step, ok]),
      [['folder', false]],
    );
    assert.match(missing[0]?.detail ?? '', /none does not exist/);
  });

  it('discovers files by pattern', async () => {
    folder.write({ 'a.csv': '12345', 'b/c.csv': '', 'd.json': '' });
    const found = async (filter?: string): Promise<unknown> =>
      (await localSource.discover({ path: '.' }, services(folder.path), filter, signal)).map(
        ({ name, bytes }) => [name, bytes],
      );
    assert.deepEqual(await found('*.csv'), [['a.csv', 5]]);
    assert.deepEqual(await found(), [
      ['a.csv', 5],
      ['b/c.csv', 0],
      ['d.json', 0],
    ]);
    assert.deepEqual(await found('*.parquet'), []);
  });

  it('reads a path as connection and pattern', () => {
    assert.deepEqual(localSource.parseUrl('data/*.csv'), {
      connection: { path: 'data' },
      object: { pattern: '*.csv' },
    });
    assert.deepEqual(localSource.parseUrl('data/'), { connection: { path: 'data/' } });
    assert.equal(localSource.parseUrl('shop'), undefined);
  });

  it('refuses tables, patterns that leave the folder, and folders that are not there', async () => {
    await assert.rejects(open(path.join(folder.path, 'none'), '*'), { code: 'SOURCE_NOT_FOUND' });
    await assert.rejects(open(folder.path, '../*'), { code: 'PATH_OUTSIDE' });
    await assert.rejects(
      localSource.open(
        {
          type: 'local',
          connectionName: 'here',
          connection: { path: folder.path },
          object: { kind: 'table', name: 't' },
          maxConnections: 1,
        },
        services('/'),
      ),
      { code: 'PLAN_REFUSED' },
    );
  });
});

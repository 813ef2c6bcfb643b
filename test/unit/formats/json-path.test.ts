import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonGrammar } from '../../../extractors/formats/json-grammar';
import { JsonNames } from '../../../extractors/formats/json-names';
import { parseRecordsPath, showRecordsPath } from '../../../extractors/formats/json-path';
import { JsonScanner } from '../../../extractors/formats/json-scanner';
import { JsonSkip } from '../../../extractors/formats/json-skip';
import { MAX_JSON_DEPTH } from '../../../extractors/formats/format-reader';
import { jsonReader } from '../../../extractors/formats/json';
import { MemoryFile } from './memory-file';
import { readEverything } from './parquet-files';

/** The records under a path as JSON texts, problems in angle brackets; the text is cut before each of `cuts`. */
function recordsAt(text: string | Uint8Array, pointer: string, cuts: readonly number[] = []): string[] {
  const path = parseRecordsPath(pointer);
  assert.ok(typeof path !== 'string');
  const bytes = Buffer.from(text);
  const found: string[] = [];
  const scanner = new JsonScanner(
    'document',
    new JsonNames([]),
    (record) => found.push(record.problem === undefined ? record.preview() : `<${record.problem}>`),
    { path },
  );
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    scanner.feed(bytes.subarray(start, end));
    start = end;
  }
  scanner.end();
  return found;
}

const everyByte = (text: string): number[] =>
  Array.from({ length: Buffer.from(text).length - 1 }, (_, index) => index + 1);

describe('records_path', () => {
  const around = `{"page" : 1, "meta":{"items":[{"no":1}],"s":"\\"]}\\u00e9é","n":[-1.5e+3,true,null]},
    "data": {"x":{}, "items": [{"a":1}, {"a":[2]} , 3], "items2":[{}], "y":0.25}, "last": "z"}`;

  it('finds the records wherever the text is cut, and goes on to the end of the document', () => {
    const expected = ['{"a":1}', '{"a":[2]}', '<a number, not an object>'];
    assert.deepEqual(recordsAt(around, '/data/items'), expected);
    assert.deepEqual(recordsAt(around, '/data/items', everyByte(around)), expected);
    for (const cut of everyByte(around)) assert.deepEqual(recordsAt(around, '/data/items', [cut]), expected);
  });

  it('reads an object as one record, null as none, an element of an array by its number', () => {
    assert.deepEqual(recordsAt(around, '/data'), [
      around.slice(around.indexOf('{"x"'), around.indexOf(', "last"')),
    ]);
    assert.deepEqual(recordsAt('{"a":null}', '/a'), []);
    assert.deepEqual(recordsAt('{"a":[]}', '/a'), []);
    const results = '{"results":[[{"a":1}],[{"a":2},{"a":3}]]}';
    assert.deepEqual(recordsAt(results, '/results/1', everyByte(results)), ['{"a":2}', '{"a":3}']);
    assert.deepEqual(recordsAt('[0,{"r":[{}]}]', '/1/r'), ['{}']);
  });

  it('reads several documents one behind the other', () => {
    const pages = '{"d":[{"a":1}]}\n{"d":null}{"n":0,"d":{"a":2}}';
    assert.deepEqual(recordsAt(pages, '/d', everyByte(pages)), ['{"a":1}', '{"a":2}']);
    assert.deepEqual(recordsAt('', '/d'), []);
  });

  it('knows keys with slashes, tildes, dots, escapes, and of nothing', () => {
    for (const [key, pointer] of [
      ['a.b', '/a.b'],
      ['a/b', '/a~1b'],
      ['a~b~1', '/a~0b~01'],
      ['', '/'],
      ['"\n', '/"\n'],
      ['é漢😀', '/é漢😀'],
      ['__proto__', '/__proto__'],
    ] as const) {
      assert.deepEqual(recordsAt(`{"z":0,${JSON.stringify(key)}:[{"a":1}]}`, pointer), ['{"a":1}'], pointer);
      assert.deepEqual(parseRecordsPath(pointer), [key]);
      assert.equal(showRecordsPath([key]), pointer);
    }
    assert.deepEqual(recordsAt('{"\\u0061":[{}]}', '/a'), ['{}']);
    for (const wrong of ['', 'data.items', '$.data', '/a~', '/~2']) {
      assert.equal(typeof parseRecordsPath(wrong), 'string', wrong);
    }
  });

  it('says what is there instead of the path', () => {
    const keys = Array.from({ length: 30 }, (_, index) => `"k${index}":0`).join(',');
    for (const [text, pointer, what, why] of [
      ['{"a":1,"b\\n":2}', '/c', 'The file has no records at /c.', 'The document has the keys a, b\\n.'],
      ['{"a":{}}', '/a/b', 'The file has no records at /a/b.', 'The value at /a has no keys.'],
      [`{${keys}}`, '/c', undefined, /has the keys k0, .*, k19, ….$/],
      ['{"a":1}', '/a', undefined, 'The value there is a number, not an array or an object.'],
      ['{"a":"x"}', '/a/b', undefined, 'The value at /a is neither an object nor an array.'],
      [
        '[{"a":1}]',
        '/a',
        undefined,
        'The document is an array, and a is not the number of one of its elements.',
      ],
      ['[1,2]', '/2', undefined, 'The document has 2 elements.'],
      [
        '{"d":[]} {"e":1}',
        '/d',
        'Document 2 of the file has no records at /d.',
        'The document has the keys e.',
      ],
    ] as const) {
      assert.throws(() => recordsAt(text, pointer), {
        code: 'FORMAT_INVALID',
        ...(what === undefined ? {} : { message: what }),
        why,
      });
    }
  });

  it('fails where a document is cut, broken, or has the path twice', () => {
    for (let length = 1; length < around.length; length++) {
      assert.throws(
        () => recordsAt(around.slice(0, length), '/data/items'),
        { code: 'FORMAT_INVALID' },
        String(length),
      );
    }
    for (const text of [
      '{"d":[]]',
      '{"d":[],}',
      '{,"d":[]}',
      '{"d" []}',
      '{"x":[1,],"d":[]}',
      '{"x":{"a" 1},"d":[]}',
      '{"x":{"a":1,},"d":[]}',
      '{"x":01,"d":[]}',
      '{"x":trve,"d":[]}',
      '{"x":"\\x","d":[]}',
      '{"x":"\\u00g0","d":[]}',
      '{"x":"\n","d":[]}',
      '{"d":[{}],"x":}',
      '{"d":[{}]}}',
      '{"d":[],"d":[]}',
      '{"d":nul}',
    ]) {
      assert.throws(() => recordsAt(text, '/d'), { code: 'FORMAT_INVALID' }, text);
      assert.throws(() => recordsAt(text, '/d', everyByte(text)), { code: 'FORMAT_INVALID' }, text);
    }
  });

  it('steps over a large value in front of the records in the memory of a piece', () => {
    const piece = Buffer.from('"abcdefghij\\n",[1,{}],'.repeat(3000));
    const path = parseRecordsPath('/d');
    assert.ok(typeof path !== 'string');
    let records = 0;
    const scanner = new JsonScanner('document', new JsonNames([]), () => records++, {
      path,
      maxRecordBytes: 100,
    });
    const before = process.memoryUsage().arrayBuffers;
    scanner.feed(Buffer.from('{"x":['));
    for (let fed = 0; fed < 300; fed++) scanner.feed(piece);
    scanner.feed(Buffer.from('0],"d":[{}]}'));
    scanner.end();
    assert.equal(records, 1);
    assert.equal(scanner.bytes, 300 * piece.length + 18);
    assert.ok(process.memoryUsage().arrayBuffers - before < 8 * 1024 * 1024);
  });

  it('is described and read as a file, large ones by samples', async () => {
    const records = Array.from({ length: 30_000 }, (_, index) => `{"id":${index},"name":"n${index}"}`);
    const text = `{"total":30000,"filler":"${'x'.repeat(300_000)}","data":{"items":[${records.join(',\n')}]},"end":true}`;
    const reader = jsonReader({ records_path: '/data/items' });
    const all = await readEverything(reader, new MemoryFile(Buffer.from(text), [10_000]));
    assert.deepEqual(
      all.columns.map(({ name, inferredType }) => [name, inferredType?.kind]),
      [
        ['id', 'int'],
        ['name', 'string'],
      ],
    );
    assert.equal(all.rows.length, 30_000);
    assert.deepEqual(all.rows.at(-1), ['29999', '"n29999"']);
    assert.equal(all.names.at(-1), 'record 30000');
    assert.throws(() => jsonReader({ records_path: 'data.items' }), { code: 'CONFIG_INVALID' });
    assert.throws(() => jsonReader({ delimiter: ';' }), { code: 'CONFIG_INVALID' });
  });
});

describe('JsonSkip', () => {
  it('accepts what the grammar accepts, at every cut, and stops where it does', () => {
    const noise = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '"',
          'a',
          '\\',
          '1',
          '-',
          '.',
          'e',
          'true',
          'null',
          ' ',
        ),
        {
          maxLength: 8,
        },
      )
      .map((parts) => parts.join(''));
    const text = fc.oneof(
      fc.json(),
      noise,
      fc.tuple(fc.json(), noise).map(([json, more]) => json + more),
    );
    let accepted = 0;
    fc.assert(
      fc.property(text, (given) => {
        if (given.trim() === '') return;
        const bytes = Buffer.from(`${given.trimStart()} `);
        const grammar = new JsonGrammar();
        grammar.use(bytes, bytes.length);
        const expected = Math.max(grammar.value(0, 0), -2);
        for (const size of [1, 3, bytes.length]) {
          const skip = new JsonSkip();
          skip.begin();
          let end = -1;
          for (let at = 0; at < bytes.length && end === -1; at += size) {
            end = skip.skip(bytes, at, Math.min(at + size, bytes.length), 0);
          }
          // A run of letters and digits is judged as a whole: the grammar sees an end of it where the other sees a problem.
          const agrees =
            end === expected ||
            (end === -2 && /^[-+.0-9a-zE]*$/.test(bytes.toString('latin1', expected, expected + 1)));
          assert.ok(agrees, `${given}: ${end}, not ${expected}`);
          if (end >= 0) accepted++;
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(accepted > 500);
  });

  it('is as deep as the grammar', () => {
    const deep = (levels: number): Buffer => Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    const skip = new JsonSkip();
    skip.begin();
    assert.equal(skip.skip(deep(MAX_JSON_DEPTH), 0, 2 * MAX_JSON_DEPTH, 0), 2 * MAX_JSON_DEPTH);
    skip.begin();
    assert.ok(skip.skip(deep(MAX_JSON_DEPTH), 0, 2 * MAX_JSON_DEPTH, 1) < -1);
  });
});

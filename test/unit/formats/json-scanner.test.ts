import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import { MAX_JSON_DEPTH } from '../../../extractors/formats/format-reader';
import { JsonNames, MAX_JSON_NAMES } from '../../../extractors/formats/json-names';
import { JsonScanner, type JsonFraming } from '../../../extractors/formats/json-scanner';
import { lineProblems, scan } from './json-reading';

/** White space of JSON between any two tokens, decided by a list of numbers. */
function spaced(text: string, spaces: readonly number[]): string {
  let at = 0;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g, (token) => {
    const space = ['', ' ', '\t', '\r\n', '  \n'][(spaces[at++ % Math.max(1, spaces.length)] ?? 0) % 5] ?? '';
    return space + token;
  });
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function refusal(
  content: string,
  framing: JsonFraming = 'document',
  cuts: readonly number[] = [],
): BeamliftError {
  try {
    scan(content, framing, cuts);
  } catch (error) {
    assert.ok(error instanceof BeamliftError, String(error));
    return error;
  }
  return assert.fail(`nothing is wrong with ${content}`);
}

const object = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), {
  maxKeys: 6,
});
const spaces = fc.array(fc.nat(4), { minLength: 1, maxLength: 5 });

describe('JsonScanner', () => {
  it('finds the source text of every value, wherever the pieces are cut', () => {
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 4 }),
        spaces,
        fc.array(fc.nat(1000), { maxLength: 6 }),
        (objects, space, places) => {
          const text = spaced(JSON.stringify(objects), space);
          const length = Buffer.byteLength(text);
          const cuts = places.map((place) => place % (length + 1)).sort((a, b) => a - b);
          const records = scan(text, 'document', cuts);
          assert.deepEqual(
            records.map(({ number }) => number),
            objects.map((_, index) => index + 1),
          );
          const again = records.map(
            ({ fields }) => new Map(fields.map(([name, value]) => [name, JSON.parse(value) as unknown])),
          );
          const parsed = JSON.parse(text) as Record<string, unknown>[];
          assert.deepEqual(
            again,
            parsed.map((record) => new Map(Object.entries(record))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same records for every single cut', () => {
    const text =
      '\ufeff [ {"a":-0.5e+10,"b\\u00e9\\n":"x\\ud83d\\udc22ż","":null} , {"a":[1,{"b":true}],"c":"\\"\\\\"} , 7 ]\r\n';
    const whole = scan(text, 'document');
    assert.deepEqual(whole[0]?.fields, [
      ['a', '-0.5e+10'],
      ['bé\n', '"x\\ud83d\\udc22ż"'],
      ['', 'null'],
    ]);
    assert.equal(whole[2]?.problem, 'a number, not an object');
    for (let cut = 0; cut <= Buffer.byteLength(text); cut++)
      assert.deepEqual(scan(text, 'document', [cut]), whole);
    const lines = text.replaceAll(' , ', '\n').replace(' [ ', '').replace(' ]\r\n', '');
    const records = scan(lines, 'lines');
    assert.deepEqual(
      records.map(({ fields }) => fields),
      whole.map(({ fields }) => fields),
    );
    for (let cut = 0; cut <= Buffer.byteLength(lines); cut++)
      assert.deepEqual(scan(lines, 'lines', [cut]), records);
    const all = Array.from({ length: Buffer.byteLength(text) }, (_, index) => index);
    assert.deepEqual(scan(text, 'document', all), whole);
  });

  it('accepts what JSON.parse accepts, and nothing else', () => {
    const problem = lineProblems();
    const scans = (text: string): boolean => /^$|an object$|twice$/.test(problem(text) ?? '');
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '\\u',
        '00e9',
        'd800',
        '\\"',
        '"a"',
        '"k":',
        '0',
        '1',
        '-',
        '+',
        '.',
        'e',
        'E5',
        '01',
      ],
      ...[
        'true',
        'false',
        'null',
        'nul',
        'NaN',
        'Infinity',
        ' ',
        '\t',
        '\r',
        '\u0000',
        '\u001f',
        '\u007f',
        '\u00a0',
        '\u2028',
        'ż',
        "'",
        '/',
        '//',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        if (text.trim() === '' || /^[ \t\r]*$/.test(text)) return;
        assert.equal(scans(text), parses(text), text);
      }),
      { numRuns: 4000 },
    );
    const edit = fc.record({ at: fc.nat(200), remove: fc.nat(2), insert: fc.option(piece, { nil: '' }) });
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.array(edit, { minLength: 1, maxLength: 2 }), (json, edits) => {
        let text = json.replaceAll('\ufeff', '');
        for (const { at, remove, insert } of edits) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
        // Half of a surrogate pair has no UTF-8; a text of white space is no line.
        if (/[\n\ufeff]/.test(text) || text.trim() === '' || Buffer.from(text).toString() !== text) return;
        assert.equal(scans(text), parses(text), text);
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses every beginning of an array that is not the whole', () => {
    const text = '[{"a":1,"b":[true,null]},{"c":"\\u0041"}]';
    for (let length = 1; length < text.length; length++) {
      const error = refusal(text.slice(0, length));
      assert.equal(error.code, 'FORMAT_INVALID', text.slice(0, length));
      assert.match(error.where.row ?? '', /^record [12]$/);
      assert.match(error.why ?? '', new RegExp(`at byte ${length}\\.$`));
    }
  });

  it('names the record and the byte where an array is broken', () => {
    const error = refusal('[{"a":1},\n {"a":nul},\n {"a":3}]');
    assert.deepEqual(error.where, { row: 'record 2' });
    assert.equal(error.why, "not valid JSON: '}' instead of 'null' at byte 19.");
    assert.match(error.hint ?? '', /jsonl/);
    assert.match(refusal('[{"a":1} {"a":2}]').why ?? '', /^'\{' instead of ',' or ']' at byte 9/);
    assert.match(refusal('[{"a":1},]').why ?? '', /^not valid JSON: ']' instead of a value at byte 9/);
    assert.match(refusal('[] x').why ?? '', /^not valid JSON: 'x' instead of a value at byte 3/);
    assert.match(refusal('[]]').why ?? '', /^not valid JSON: ']' instead of a value at byte 2/);
    assert.match(refusal('{"a":1},{"a":2}').why ?? '', /^not valid JSON: ',' instead of a value at byte 7/);
  });

  it('reads one object, objects one behind the other, and nothing at all', () => {
    assert.deepEqual(scan('{"a": {\n "b": 1}}', 'document'), [
      { number: 1, problem: undefined, fields: [['a', '{\n "b": 1}']] },
    ]);
    const several = scan('{"a":1}{"a":2}\n\n{"a":\n3}', 'document');
    assert.deepEqual(
      several.map(({ fields }) => fields[0]?.[1]),
      ['1', '2', '3'],
    );
    assert.deepEqual(
      scan('[{"a":1},{"a":2}]\n[]{"a":3}[{"a":4}]', 'document').map(({ fields }) => fields[0]?.[1]),
      ['1', '2', '3', '4'],
    );
    for (const empty of ['', ' \n', '\ufeff', '[]', ' [ ] ']) assert.deepEqual(scan(empty, 'document'), []);
    for (const empty of ['', '\n\r\n \t\n', '\ufeff']) assert.deepEqual(scan(empty, 'lines'), []);
  });

  it('goes on behind a bad line, and counts lines as editors do', () => {
    const text = '{"a":1}\n\n{"a":\r\n{"a":2} {"a":3}\n[1]\n"x"\n{"a":4}';
    assert.deepEqual(
      scan(text, 'lines').map(({ number, problem }) => [number, problem]),
      [
        [1, undefined],
        [3, 'JSON that ends too early'],
        [4, 'more text behind the value'],
        [5, 'an array, not an object'],
        [6, 'a string, not an object'],
        [7, undefined],
      ],
    );
  });

  it('says that an array is not lines', () => {
    const error = refusal('[\n{"a":1},\n{"a":2}\n]\n', 'lines');
    assert.equal(error.code, 'FORMAT_INVALID');
    assert.equal(error.hint, 'Set `file_format: json`.');
  });

  it('takes any name for a key', () => {
    const text = '{"__proto__":1,"constructor":2,"toString":3,"":4,"a\\\\b":5,"a\\b":6,"\\u0000":7}';
    const expected = Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]);
    assert.equal(expected.length, 7);
    assert.deepEqual(scan(`${text}\n${text}`, 'lines')[1]?.fields, expected);
  });

  it('does not take an escape for the backslash of another name', () => {
    const records = scan('{"a\\\\b":1}\n{"a\\b":2}\n{"a\\\\b":3}', 'lines');
    assert.deepEqual(
      records.map(({ fields }) => fields[0]),
      [
        ['a\\b', '1'],
        ['a\b', '2'],
        ['a\\b', '3'],
      ],
    );
  });

  it('refuses a key that is there twice, however it is written', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"a":1,"b":2,"\\u0061":3}',
      '{"__proto__":1,"__proto__":2}',
      '{"\\n":1,"\\u000a":2}',
    ]) {
      assert.match(scan(text, 'lines')[0]?.problem ?? '', /^the key ".*" twice$/);
      assert.match(scan(`[${text}]`, 'document')[0]?.problem ?? '', /twice$/);
    }
    assert.equal(
      scan('{"a":{"b":1,"b":2}}', 'lines')[0]?.problem,
      undefined,
      'within a value is for its column',
    );
  });

  it('refuses records with bytes that are not UTF-8, and only those', () => {
    const bad = Buffer.from(
      '{"a":"x"}\n{"a":"\xff"}\n{"\xc3":1}\n{"b":["\xed\xa0\x80"]}\n{"a":"y"}',
      'latin1',
    );
    assert.deepEqual(
      scan(bad, 'lines').map(({ problem }) => problem),
      [
        undefined,
        'bytes that are not valid UTF-8',
        'bytes that are not valid UTF-8',
        'bytes that are not valid UTF-8',
        undefined,
      ],
    );
    const array = Buffer.from('[{"a":"\xff"},{"a":1}]', 'latin1');
    assert.deepEqual(scan(array, 'document')[1]?.fields, [['a', '1']]);
    assert.match(scan(Buffer.from('{"a":1}\xff', 'latin1'), 'lines')[0]?.problem ?? '', /more text/);
  });

  it('reads values nested as deep as the limit, and no deeper', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    assert.equal(scan(nested(MAX_JSON_DEPTH), 'lines')[0]?.problem, undefined);
    assert.equal(
      scan(nested(MAX_JSON_DEPTH + 1), 'lines')[0]?.problem,
      `JSON nested deeper than ${MAX_JSON_DEPTH}`,
    );
    const objects = '{"a":'.repeat(MAX_JSON_DEPTH + 1);
    assert.match(scan(objects, 'lines')[0]?.problem ?? '', /deeper/);
    assert.equal(refusal(`[${nested(MAX_JSON_DEPTH + 1)}]`).code, 'LIMIT_EXCEEDED');
    assert.equal(refusal('['.repeat(1_000_000)).code, 'LIMIT_EXCEEDED');
  });

  it('skips a line that is too long without keeping it', () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const problems: (string | undefined)[] = [];
    const scanner = new JsonScanner('lines', new JsonNames([]), (record) => {
      problems.push(record.problem);
      if (record.problem !== undefined) assert.match(record.preview(), /^\{"a":"xxx/);
    });
    scanner.feed(Buffer.from('{"a":1}\n{"a":"'));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let fed = 0; fed < 200; fed++) {
      scanner.feed(chunk);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    scanner.feed(Buffer.from('"}\n{"a":2}\n'));
    scanner.end();
    assert.deepEqual(problems, [undefined, `a line of more than ${64 * 1024 * 1024} bytes`, undefined]);
    assert.ok(most < 160 * 1024 * 1024, `${most} bytes for 200 MB`);
    assert.equal(scanner.bytes, 8 + 6 + 200 * 1024 * 1024 + 11);
  });

  it('ends a document at a record that is too long', () => {
    const text = `[{"a":1},{"a":"${'x'.repeat(5000)}"}]`;
    for (const cuts of [[], [100, 2000, 4000]]) {
      assert.throws(
        () => scan(text, 'document', cuts, 1000),
        (error: unknown) =>
          error instanceof BeamliftError && error.code === 'LIMIT_EXCEEDED' && error.where.row === 'record 2',
      );
    }
    assert.equal(scan(text, 'document', [100, 2000, 4000], 6000).length, 2);
    const lines = `{"a":1}\n{"a":"${'x'.repeat(5000)}"}\n{"a":2}`;
    assert.deepEqual(scan(lines, 'lines', [100, 2000, 4000], 1000), scan(lines, 'lines', [], 1000));
  });

  it('counts keys beyond the limit without keeping them apart', () => {
    const names = new JsonNames([]);
    let fields = 0;
    let unnumbered = 0;
    const problems: (string | undefined)[] = [];
    const scanner = new JsonScanner('lines', names, (record) => {
      if (record.problem === undefined) {
        fields += record.fields;
        unnumbered += record.unnumbered;
      }
      problems.push(record.problem);
    });
    const keys = Array.from({ length: MAX_JSON_NAMES + 5 }, (_, index) => `"k${index}":0`);
    scanner.feed(Buffer.from(`{${keys.join(',')}}\n{"z":1,"z":2}\n`));
    scanner.end();
    assert.equal(fields + unnumbered, MAX_JSON_NAMES + 5);
    assert.equal(names.names.length, MAX_JSON_NAMES);
    assert.deepEqual(problems, [undefined, 'the key "z" twice']);
  });
});

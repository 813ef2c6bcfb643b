import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  MAX_JSON_NESTING,
  jsonElements,
  jsonFields,
  jsonKind,
  jsonProblem,
  jsonString,
  quoteJson,
} from '../../../transforms/json-text';
import { anyText } from './arbitrary-cells';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('JSON text', () => {
  it('quotes like JSON.stringify', () => {
    fc.assert(
      fc.property(anyText, (text) => assert.equal(quoteJson(text), JSON.stringify(text))),
      { numRuns: 3000 },
    );
  });

  it('finds a problem where JSON.parse does, on texts nearly JSON', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '.5',
      'e3',
      '0',
      'true',
      'null',
      ' ',
      '\n',
      '\u0001',
      '"\\u00e9"',
      '"\\x"',
      '\u00a0',
      'tru',
      '1.5e+7',
      '01',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        const text = tokens.join('');
        assert.equal(jsonProblem(text) === undefined, isJson(text), text);
      }),
      { numRuns: 10_000 },
    );
  });

  it('finds none in JSON, and one in JSON that was cut or changed in one place unless JSON.parse finds none', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 1 }), (json, at, character) => {
        const place = at % (json.length + 1);
        for (const text of [
          json,
          json.slice(0, place),
          json.slice(0, place) + character + json.slice(place + 1),
        ]) {
          const problem = jsonProblem(text);
          if (problem?.includes('surrogate') !== true)
            assert.equal(problem === undefined, isJson(text), text);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes objects and arrays apart as JSON.parse does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyText, fc.jsonValue()), { maxLength: 5 }),
        fc.constantFrom('', ' ', '\n\t'),
        (entries, space) => {
          fc.pre(entries.every(([key]) => !/\p{Surrogate}/u.test(key)));
          const values = entries.map(([, value]) => JSON.stringify(value));
          const array = `${space}[${space}${values.join(`${space},${space}`)}${space}]${space}`;
          assert.deepEqual(jsonElements(array), values);
          const object = `${space}{${space}${entries
            .map(([key, value]) => `${JSON.stringify(key)}${space}:${space}${JSON.stringify(value)}`)
            .join(`${space},${space}`)}${space}}`;
          assert.deepEqual(
            jsonFields(object),
            entries.map(([key], index) => [key, values[index]]),
          );
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('ends on broken documents', () => {
    for (const text of [
      '[',
      '[1',
      '[1 2]',
      '[1,]',
      '{"a":1,}',
      '{"a" 1}',
      '{"a":1 "b":2}',
      '[,]',
      '{',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{a:1}',
      '[}',
      '{]',
    ]) {
      assert.equal(text.startsWith('[') ? jsonElements(text) : jsonFields(text), undefined, text);
    }
  });

  it('bounds the depth', () => {
    const deep = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
    assert.equal(jsonProblem(deep(MAX_JSON_NESTING)), undefined);
    assert.match(jsonProblem(deep(MAX_JSON_NESTING + 2)) ?? '', /deeper than 500/);
    assert.match(jsonProblem('['.repeat(1_000_000)) ?? '', /deeper/);
  });

  it('refuses each control character, and halves of surrogate pairs as they are', () => {
    for (let code = 0; code < 0x20; code++) {
      assert.match(jsonProblem(`"${String.fromCharCode(code)}"`) ?? '', /not valid JSON/, String(code));
    }
    for (const half of ['\ud800', '\ud800x', '\udc00', '\udc00\udc00', '\ud800\ud800']) {
      assert.match(jsonProblem(`"${half}"`) ?? '', /half of a surrogate pair/);
    }
    assert.equal(jsonProblem('"\ud83d\udce6\u007f"'), undefined);
  });

  it('names kinds and reads strings', () => {
    assert.deepEqual([' null', 'true', 'false', '-1', '"a"', '\n[', '{'].map(jsonKind), [
      'null',
      'boolean',
      'boolean',
      'number',
      'string',
      'array',
      'object',
    ]);
    assert.equal(jsonString(' "a\\u00e9\\n"'), 'aé\n');
  });
});

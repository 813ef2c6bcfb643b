import assert from 'node:assert/strict';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { MAX_ALIASES, parseConfiguration } from '../../../launcher/config/configuration-document';
import { formatProblem } from '../../../launcher/config/configuration-problem';

function problemsOf(text: string): string[] {
  const { problems, places } = parseConfiguration(text, 'f.yaml');
  return problems.located(places).map(formatProblem);
}

describe('configuration document', () => {
  const faults: [string, RegExp][] = [
    ['password: "canary" def', /^f\.yaml:1:20 {2}this does not belong here/],
    ['password: *canary', /^f\.yaml:1:11 {2}there is no such anchor above; .* in quotes$/],
    ['password: !canary x', /^f\.yaml:1:11 {2}tags are not known here/],
    ['password: @canary', /^f\.yaml:1:11 {2}a text that begins with @/],
    ['password: canary: cd', /^f\.yaml:1:11 {2}a text with ": " is written in quotes/],
    ['%canary', /^f\.yaml:1:\d+ {2}/],
    ['a: 1\npassword: >\ncanary', /^f\.yaml:3:1 {2}a closing quote, a comma, a bracket or the colon/],
    [
      'a: { password: ${env:canary}, b: 2 }',
      /^f\.yaml:1:17 {2}this does not belong here; .* \$\{env:NAME\}\) is written in quotes$/,
    ],
    ['a: [1,2', /^f\.yaml:1:8 {2}the indentation does not fit the lines above, or a \] or \} is missing$/],
    ['a:\n\tb: 1', /^f\.yaml:2:1 {2}lines are indented with spaces, not with tabs$/],
    ['a: "x', /^f\.yaml:1:6 {2}a closing quote/],
    ['a: 1\n---\nb: 2', /^f\.yaml:2:1 {2}a configuration is one document/],
    ['? [a]\n: 1', /^f\.yaml:1:3 {2}a key must be a text$/],
    ['a: &x [1, *x]', /^f\.yaml:1:11 {2}the alias names what it is in$/],
    ['a: 1\nb: 2\na: 3', /^f\.yaml:3:1 {2}a: the key is there twice, first in line 1$/],
    ['a: {x: 1, x: 2}', /^f\.yaml:1:11 {2}a\.x: the key is there twice, first in line 1$/],
    ['a: 12345678901234567890', /^f\.yaml:1:4 {2}a: the number has too many digits/],
    ['a: "\\q"', /^f\.yaml:1:\d+ {2}this is not an escape/],
    ['<<: [1]', /^f\.yaml:1:6 {2}<< takes a mapping/],
    [`a: ${'['.repeat(100)}${']'.repeat(100)}`, /the nesting is too deep$/],
    ['['.repeat(50_000), /^f\.yaml:1:\d+ {2}/],
  ];
  for (const [text, expected] of faults) {
    it(`reports ${JSON.stringify(text.slice(0, 40))}`, () => {
      const [first = '', ...more] = problemsOf(text);
      assert.match(first, expected);
      assert.equal(more.length, 0);
      assert.doesNotMatch(first, /canary/);
    });
  }

  it('reports one fault a line, and both of two duplicate keys', () => {
    assert.deepEqual(problemsOf('a: 1\na: 2\nb:\n  c: 1\n  c: 2\n'), [
      'f.yaml:2:1  a: the key is there twice, first in line 1',
      'f.yaml:5:3  b.c: the key is there twice, first in line 4',
    ]);
  });

  it('ends a bomb of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below = level === 0 ? '"lol"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array.from({ length: 10 }, () => below).join(', ')}]`;
    });
    const began = performance.now();
    const [problem = '', ...more] = problemsOf(levels.join('\n'));
    assert.match(problem, new RegExp(`aliases are used more than ${MAX_ALIASES} times`));
    assert.equal(more.length, 0);
    assert.ok(performance.now() - began < 2_000);
  });

  it('takes aliases and merged mappings within the bound', () => {
    const text = 'base: &base { x: 1, y: { z: 2 } }\nown:\n  <<: *base\n  x: 3\ncopy: *base\n';
    const { value, places } = parseConfiguration(text, 'f.yaml');
    assert.equal(
      JSON.stringify(value),
      '{"base":{"x":1,"y":{"z":2}},"own":{"x":3,"y":{"z":2}},"copy":{"x":1,"y":{"z":2}}}',
    );
    assert.deepEqual(places.place(['own', 'x']), { line: 4, column: 3 });
    assert.deepEqual(places.place(['own', 'y', 'z']), { line: 1, column: 26 });
    assert.deepEqual(places.place(['own', 'y', 'nothing']), { line: 1, column: 21 });
    assert.deepEqual(places.place(['nothing']), { line: 1, column: 1 });
  });

  it('keeps every key, also those that objects have already', () => {
    const { value } = parseConfiguration(
      '__proto__: 1\nconstructor: 2\n2024: 3\ntrue: 4\nnull: 5\n"": 6\n',
      'f',
    );
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.entries(value as object), [
      ['2024', 3],
      ['__proto__', 1],
      ['constructor', 2],
      ['true', 4],
      ['null', 5],
      ['', 6],
    ]);
  });

  it('is null where nothing is written', () => {
    for (const text of ['', ' \n# only a comment\n', '---\n']) {
      const { value, problems } = parseConfiguration(text, 'f');
      assert.equal(value, null);
      assert.equal(problems.size, 0);
    }
  });

  it('reads JSON, indented with tabs too', () => {
    const { value } = parseConfiguration('{\n\t"a": 1,\n\t"b": [\n\t\t"\\ud83d\\ude00"\n\t]\n}', 'f.json');
    assert.equal(JSON.stringify(value), '{"a":1,"b":["😀"]}');
  });

  it('reads 20,000 keys in a moment', () => {
    const text = Array.from({ length: 20_000 }, (_, key) => `k${key}:`).join('\n');
    const began = performance.now();
    assert.deepEqual(problemsOf(text), []);
    assert.ok(performance.now() - began < 3_000);
  });

  it('reads what YAML writes, and finds each of its keys', () => {
    const scalar = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('value'), { maxLength: 4 }),
        tie('mapping'),
      ),
      mapping: fc.dictionary(
        fc.string({ maxLength: 10 }).filter((key) => key !== '<<'),
        tie('value'),
        { maxKeys: 5 },
      ),
    })).mapping;
    fc.assert(
      fc.property(tree, (value) => {
        const text = stringify(value);
        const parsed = parseConfiguration(text, 'f');
        assert.deepEqual(JSON.parse(JSON.stringify(parsed.value)), JSON.parse(JSON.stringify(value)));
        const lines = text.split('\n');
        for (const key of Object.keys(value as object).filter((name) => /^[a-z]+$/i.test(name))) {
          const place = parsed.places.place([key]);
          assert.match(
            (lines[(place?.line ?? 0) - 1] ?? '').slice((place?.column ?? 0) - 1),
            new RegExp(`^["']?${key}`),
          );
        }
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&x ',
      '*x',
      '!t ',
      '#',
      '|',
      '>',
      '<<',
      ',',
      '%',
      '\t',
      '?',
      '---\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (drawn) => {
        const { value, problems } = parseConfiguration(drawn.join(''), 'f');
        assert.ok(value !== undefined || problems.size > 0);
      }),
      { numRuns: 1_000 },
    );
  });
});

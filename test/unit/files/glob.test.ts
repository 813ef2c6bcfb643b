import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compilePattern } from '../../../extractors/files/glob';

const CASES: readonly [pattern: string, matching: readonly string[], other: readonly string[]][] = [
  ['*.csv', ['a.csv', 'b c.csv'], ['a.tsv', 'x/a.csv', '.csv', '.a.csv', 'a.csv.gz']],
  ['data_*.parquet', ['data_1.parquet', 'data_.parquet'], ['data.parquet', 'x/data_1.parquet']],
  ['**/*.csv', ['a.csv', 'x/a.csv', 'x/y/z/a.csv'], ['a.tsv', '.x/a.csv', 'x/.y/a.csv', 'x/.a.csv']],
  [
    '**/2025-*/part-?.jsonl',
    ['2025-01/part-1.jsonl', 'a/b/2025-/part-é.jsonl'],
    ['2025-01/part-12.jsonl', '2025-01/x/part-1.jsonl'],
  ],
  ['a/**', ['a/b', 'a/b/c'], ['a', 'ab/c', 'b/a/c', 'a/.b', 'a/.b/c']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['a/xb', 'ab', 'a/b/c']],
  ['**', ['a', 'a/b'], ['.a', 'a/.b']],
  ['a**b', ['ab', 'axb'], ['a/b', 'ax/xb']],
  ['exports/', ['exports/a', 'exports/b/c.csv'], ['exports', 'exports2/a', 'exports/.a', 'exports/.b/c']],
  ['exports', ['exports', 'exports/a.csv'], ['exports.csv', 'x/exports']],
  ['{a,b}/', ['a/x', 'b/x/y'], ['a', 'c/x']],
  ['', ['a', 'a/b'], ['.a', 'a/.b']],
  ['./a.csv', ['a.csv'], ['b/a.csv']],
  ['.hidden/*.csv', ['.hidden/a.csv'], ['.hidden/.a.csv', 'hidden/a.csv']],
  ['.hidden/a.csv', ['.hidden/a.csv'], ['a.csv']],
  ['**/.x/*', ['.x/a', 'b/.x/a'], ['.y/.x/a', '.x/.a']],
  ['[ab].csv', ['a.csv', 'b.csv'], ['c.csv', 'ab.csv']],
  ['[a-c0-9]', ['b', '7'], ['d', '-']],
  ['[!a-c]', ['d', '-'], ['b', '.']],
  ['[^x]y', ['ay'], ['xy', '/y']],
  ['[]a]', [']', 'a'], ['b']],
  ['[a-]', ['a', '-'], ['b']],
  ['[\\]]', [']'], ['\\']],
  ['a[b', ['a[b'], ['ab']],
  ['a[/]b', ['a[/]b'], ['a/b']],
  ['{2024,2025}/*.csv', ['2024/a.csv', '2025/b.csv'], ['2026/a.csv', '{2024,2025}/a.csv']],
  ['x{,.bak}', ['x', 'x.bak'], ['x.']],
  ['{a/b,c}/d', ['a/b/d', 'c/d'], ['a/d']],
  ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'ad']],
  ['{a}', ['{a}'], ['a']],
  ['{a,b', ['{a,b'], ['a']],
  ['{x{a,b}}', ['{xa}', '{xb}'], ['xa']],
  ['a\\*b', ['a*b'], ['axb', 'a\\*b']],
  ['\\{a,b\\}', ['{a,b}'], ['a']],
  ['a?c', ['abc', 'a😀c', 'a\ufffdc'], ['ac', 'a/c', 'abbc']],
  ['?a', ['xa'], ['.a']],
  ['__proto__', ['__proto__'], []],
];

describe('compilePattern', () => {
  for (const [pattern, matching, other] of CASES) {
    it(JSON.stringify(pattern), () => {
      const compiled = compilePattern(pattern);
      for (const name of matching) assert.equal(compiled.matches(name), true, name);
      for (const name of other) assert.equal(compiled.matches(name), false, name);
    });
  }

  it('says in which folder and how deep matches lie', () => {
    const places = [
      '*.csv',
      'a/b/*.csv',
      'a/b*/c',
      '{a/x,a/y}/*',
      '{a,b}/c',
      'a/**/b',
      '.h/x',
      'a\\*/b*',
      'a/b/',
      '[a]/b',
    ].map((pattern) => {
      const { folder, depth } = compilePattern(pattern);
      return [pattern, folder, depth];
    });
    assert.deepEqual(places, [
      ['*.csv', '', 1],
      ['a/b/*.csv', 'a/b/', 3],
      ['a/b*/c', 'a/', 3],
      ['{a/x,a/y}/*', 'a/', 3],
      ['{a,b}/c', '', 2],
      ['a/**/b', 'a/', Number.POSITIVE_INFINITY],
      ['.h/x', '.h/', Number.POSITIVE_INFINITY],
      ['a\\*/b*', 'a*/', 2],
      ['a/b/', 'a/b/', Number.POSITIVE_INFINITY],
      ['[a]/b', '', 2],
    ]);
  });

  it('refuses patterns that could leave the folder', () => {
    for (const pattern of [
      '/etc/passwd',
      '../x',
      'a/../b',
      '..',
      'a/..',
      '.{.,x}/y',
      '{/etc,a}/x',
      '\\../x',
      '.\\./x',
      'C:/x',
      'c:x',
      'a\0b',
    ]) {
      assert.throws(() => compilePattern(pattern), { code: 'PATH_OUTSIDE' }, pattern);
    }
    for (const pattern of ['a..b', '...', 'a/..b/c', '*..']) compilePattern(pattern);
  });

  it('refuses patterns that stand for too many', () => {
    compilePattern('{a,b}'.repeat(10));
    for (const pattern of [
      '{a,b}'.repeat(11),
      '{a,b}'.repeat(800),
      'a'.repeat(5000),
      `{${'a,'.repeat(1500)}}`,
    ]) {
      assert.throws(() => compilePattern(pattern), { code: 'CONFIG_INVALID' }, pattern.slice(0, 20));
    }
    assert.equal(compilePattern('{'.repeat(4000)).matches('x'), false);
    assert.equal(compilePattern('['.repeat(4000)).matches('x'), false);
  });

  it('takes no more steps than length times length', () => {
    const started = performance.now();
    assert.equal(compilePattern(`${'*a'.repeat(200)}b`).matches('a'.repeat(4000)), false);
    assert.equal(compilePattern(`${'**/a/'.repeat(200)}b`).matches('a/'.repeat(2000)), false);
    assert.equal(compilePattern(`${'[!b]*'.repeat(200)}b`).matches('a'.repeat(4000)), false);
    assert.ok(performance.now() - started < 3000);
  });
});

/** A pattern as a tree: rendered to text for the matcher, and matched by trying everything for the reference. */
type Element =
  | { kind: 'text'; text: string }
  | { kind: 'star' | 'deep' | 'any' | 'slash' }
  | { kind: 'set'; members: string; negated: boolean }
  | { kind: 'group'; alternatives: Element[][] };

const flat = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('text' as const),
      text: fc.constantFrom('a', 'b', '.', 'ab', '*', '{'),
    }),
  },
  fc.record({ kind: fc.constantFrom('star' as const, 'deep' as const, 'any' as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('slash' as const) }) },
  fc.record({
    kind: fc.constant('set' as const),
    members: fc.constantFrom('a', 'ab', '.', '*b'),
    negated: fc.boolean(),
  }),
);
const group = fc.record({
  kind: fc.constant('group' as const),
  alternatives: fc.array(fc.array(flat, { maxLength: 3 }), { minLength: 2, maxLength: 3 }),
});
const pattern = fc.array(fc.oneof({ weight: 5, arbitrary: flat }, group), { minLength: 1, maxLength: 7 });
const fileName = fc
  .array(fc.constantFrom('a', 'b', 'ab', '.a', '*', '.', '{b', 'ba'), { minLength: 1, maxLength: 4 })
  .map((segments) => segments.join('/'));

function renderPattern(elements: readonly Element[]): string {
  return elements
    .map((element) => {
      switch (element.kind) {
        case 'text':
          return element.text.replace(/[*{]/g, '\\$&');
        case 'star':
          return '*';
        case 'deep':
          return '**';
        case 'any':
          return '?';
        case 'slash':
          return '/';
        case 'set':
          return `[${element.negated ? '!' : ''}${element.members}]`;
        case 'group':
          return `{${element.alternatives.map(renderPattern).join(',')}}`;
      }
    })
    .join('');
}

function expand(elements: readonly Element[]): Element[][] {
  const [first, ...rest] = elements;
  if (first === undefined) return [[]];
  const heads = first.kind === 'group' ? first.alternatives.flatMap(expand) : [[first]];
  return heads.flatMap((head) => expand(rest).map((tail) => [...head, ...tail]));
}

function splitSegments(elements: readonly Element[]): Element[][] {
  const segments: Element[][] = [[]];
  for (const element of elements) {
    if (element.kind === 'slash') segments.push([]);
    else segments.at(-1)?.push(element);
  }
  return segments;
}

function isDeep(segment: readonly Element[] | undefined): boolean {
  const text = renderPattern(segment ?? []);
  return text === '**';
}

function referenceFolders(segments: readonly Element[][], names: readonly string[]): boolean {
  const [segment, ...rest] = segments;
  if (segment === undefined) return names.length === 0;
  const [name, ...others] = names;
  if (isDeep(segment)) {
    if (rest.length === 0) return names.length > 0 && names.every((each) => !each.startsWith('.'));
    if (referenceFolders(rest, names)) return true;
    return name !== undefined && !name.startsWith('.') && referenceFolders(segments, others);
  }
  return name !== undefined && referenceSegment(segment, name, true) && referenceFolders(rest, others);
}

function referenceSegment(elements: readonly Element[], name: string, atStart: boolean): boolean {
  const [element, ...rest] = elements;
  if (element === undefined) return name === '';
  if (element.kind === 'text') {
    return name.startsWith(element.text) && referenceSegment(rest, name.slice(element.text.length), false);
  }
  if (atStart && name.startsWith('.')) return false;
  if (element.kind === 'star' || element.kind === 'deep') {
    for (let length = 0; length <= name.length; length++) {
      if (referenceSegment(rest, name.slice(length), atStart && length === 0)) return true;
    }
    return false;
  }
  if (name === '') return false;
  const fits = element.kind === 'set' ? element.members.includes(name.charAt(0)) !== element.negated : true;
  return fits && referenceSegment(rest, name.slice(1), false);
}

describe('compilePattern against a naive matcher', () => {
  it('agrees on random patterns and names', () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, fileName, (elements, name) => {
        const text = renderPattern(elements);
        const alternatives = expand(elements).map(renderPattern);
        // Outside, trailing slashes and literal patterns have rules of their own, which the table above tests.
        fc.pre(
          alternatives.every(
            (each) => !each.startsWith('/') && !each.endsWith('/') && !each.split('/').includes('..'),
          ),
        );
        fc.pre(/[*?[{\\]/.test(text) && !text.startsWith('./'));
        const expected = expand(elements).some((each) =>
          referenceFolders(splitSegments(each), name.split('/')),
        );
        const compiled = compilePattern(text);
        assert.equal(compiled.matches(name), expected, `${text} on ${name}`);
        if (!expected) return;
        matched++;
        assert.ok(name.startsWith(compiled.folder), `${text}: ${name} is not in ${compiled.folder}`);
        assert.ok(name.split('/').length <= compiled.depth);
      }),
      { numRuns: 4000 },
    );
    assert.ok(matched > 50, `only ${matched} names matched`);
  });
});

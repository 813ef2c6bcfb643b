import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { Column, ColumnType } from '../../../core/schema';
import { driftNotices, fileDrift } from '../../../extractors/files/file-drift';
import { unionSchema, type DescribedFile } from '../../../extractors/files/union-schema';

const TYPES: readonly ColumnType[] = [
  { kind: 'bool' },
  { kind: 'int', bits: 8 },
  { kind: 'int', bits: 32, unsigned: true },
  { kind: 'int', bits: 64 },
  { kind: 'int', bits: 128 },
  { kind: 'float', bits: 32 },
  { kind: 'float', bits: 64 },
  { kind: 'decimal', precision: 5, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 9 },
  { kind: 'string' },
  { kind: 'string', maxLength: 10 },
  { kind: 'bytes' },
  { kind: 'json' },
  { kind: 'uuid' },
  { kind: 'date' },
  { kind: 'time', unit: 'ms' },
  { kind: 'datetime', unit: 's' },
  { kind: 'datetime', unit: 'ns' },
  { kind: 'timestamp', unit: 'us' },
  { kind: 'array', element: { kind: 'int', bits: 32 } },
  { kind: 'array', element: { kind: 'string' } },
];

function file(uri: string, columns: readonly Column[]): DescribedFile {
  return { uri, description: { columns, rows: { count: 1, quality: 'exact' } } };
}

function guessed(name: string, inferredType?: ColumnType): Column {
  return {
    name,
    type: { kind: 'string' },
    nullable: true,
    ...(inferredType === undefined ? {} : { inferredType }),
  };
}

const typed = fc.record({
  name: fc.constantFrom('a', 'b', '__proto__'),
  type: fc.constantFrom(...TYPES),
  nullable: fc.boolean(),
});
const inferred = fc
  .tuple(fc.constantFrom('a', 'b', 'constructor'), fc.option(fc.constantFrom(...TYPES), { nil: undefined }))
  .map(([name, type]) => guessed(name, type));

function files(column: fc.Arbitrary<Column>): fc.Arbitrary<DescribedFile[]> {
  const columns = fc.uniqueArray(column, { selector: ({ name }) => name, maxLength: 3 });
  return fc
    .array(columns, { minLength: 1, maxLength: 4 })
    .map((all) => all.map((own, index) => file(`${index}.csv`, own)));
}

/** Columns by name, or the refusal's code. */
function outcome(described: readonly DescribedFile[]): unknown {
  try {
    return [...unionSchema(described).columns].sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    assert.ok(error instanceof BeamliftError);
    return error.code;
  }
}

describe('unionSchema', () => {
  for (const [kind, column] of [
    ['types of their own', typed],
    ['guessed types', inferred],
  ] as const) {
    it(`is the same whatever the order of the files is (${kind})`, () => {
      const shuffled = files(column).chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
      fc.assert(
        fc.property(shuffled, ([all, other]) => {
          assert.deepEqual(outcome(other), outcome(all));
        }),
        { numRuns: 500 },
      );
    });
  }

  it('has every column of every file once, and is nullable where one lacks it', () => {
    fc.assert(
      fc.property(files(inferred), (all) => {
        const { columns } = unionSchema(all);
        const names = new Set(all.flatMap(({ description }) => description.columns.map(({ name }) => name)));
        assert.deepEqual(new Set(columns.map(({ name }) => name)), names);
        assert.equal(columns.length, names.size);
      }),
    );
    const both = [
      file('1', [{ name: 'a', type: { kind: 'bool' }, nullable: false }]),
      file('2', [{ name: 'b', type: { kind: 'bool' }, nullable: false }]),
    ];
    assert.deepEqual(
      unionSchema(both).columns.map(({ name, nullable }) => [name, nullable]),
      [
        ['a', true],
        ['b', true],
      ],
    );
  });

  it('takes files without a record, and files with nulls alone, as they are', () => {
    const int: ColumnType = { kind: 'int', bits: 32 };
    const all = [file('1', []), file('2', [guessed('a')]), file('3', [guessed('a', int)])];
    const [column] = unionSchema(all).columns;
    assert.equal(column?.inferredType?.kind, 'int');
    assert.deepEqual(unionSchema([file('1', [])]).columns, []);
    assert.equal(unionSchema([file('2', [guessed('a')])]).columns[0]?.inferredType, undefined);
  });
});

describe('fileDrift', () => {
  const int: ColumnType = { kind: 'int', bits: 64 };
  const date: ColumnType = { kind: 'date' };

  it('says of a file what most others have otherwise, and nothing of files like most', () => {
    const all = [
      file('1', [guessed('a', int), guessed('b', date)]),
      file('2', [guessed('b', date), guessed('a', { kind: 'decimal', precision: 4, scale: 2 })]),
      file('3', [guessed('a', int)]),
      file('4', [guessed('a', date), guessed('b'), guessed('c', int)]),
      file('5', []),
    ];
    const expected = [
      { file: '3', lacks: ['b'], additional: [], types: [] },
      { file: '4', lacks: [], additional: ['c'], types: [{ column: 'a', type: 'date', others: 'int' }] },
    ];
    assert.deepEqual(fileDrift(all), expected);
    assert.deepEqual(fileDrift([...all].reverse()), [...expected].reverse());
  });

  it('tells a text from a guess, and types of the format from each other', () => {
    const text: Column = {
      name: 'a',
      type: { kind: 'string' },
      nullable: true,
      inferredType: { kind: 'string' },
    };
    const drift = fileDrift([
      file('1', [guessed('a', int)]),
      file('2', [guessed('a', int)]),
      file('3', [text]),
    ]);
    assert.deepEqual(drift[0]?.types, [{ column: 'a', type: 'string', others: 'int' }]);
    const own = (type: ColumnType): Column => ({ name: 'a', type, nullable: true });
    const typedDrift = fileDrift([
      file('1', [own(date)]),
      file('2', [own(date)]),
      file('3', [own({ kind: 'timestamp', unit: 'us' })]),
    ]);
    assert.deepEqual(typedDrift[0]?.types, [{ column: 'a', type: 'timestamp', others: 'date' }]);
  });

  it('is told in a few lines, however many files differ', () => {
    const wide = Array.from({ length: 100 }, (_, index) => guessed(`c${index}`, int));
    const many = Array.from({ length: 20 }, (_, index) =>
      file(`${index}`, index < 11 ? wide : [guessed('z', int)]),
    );
    const notices = driftNotices(fileDrift(many));
    assert.equal(notices.length, 6);
    assert.match(
      notices[0] ?? '',
      /^11 differs: no column c0, .* and 92 more \(null there\); column z, which/,
    );
    assert.match(notices[5] ?? '', /^4 more files differ/);
    assert.ok(notices.every((notice) => notice.length < 200));
  });
});

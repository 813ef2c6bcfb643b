import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { ErrorCode } from '../../../core/error-codes';
import type { Column, ColumnType, TableSchema } from '../../../core/schema';
import { planColumns, type ColumnPlan, type ColumnPlanInput } from '../../../transforms/column-mapping';
import { sanitizeName } from '../../../transforms/column-names';
import { DATE, FLOAT64, INT64, NARROW, ROOMY, STRING, arrayOf, structOf } from './conversion-case';

function column(name: string, type: ColumnType = INT64, extra: Partial<Column> = {}): Column {
  return { name, type, nullable: true, ...extra };
}

function table(columns: readonly (Column | string)[], primaryKey: string[] = []): TableSchema {
  return { columns: columns.map((each) => (typeof each === 'string' ? column(each) : each)), primaryKey };
}

function plan(source: TableSchema, input: Partial<ColumnPlanInput> = {}): ColumnPlan {
  return planColumns({
    source,
    destination: undefined,
    selectedColumns: [],
    columnMapping: new Map(),
    required: [],
    rules: NARROW,
    typeFor: (type) => (type.kind === 'variant' ? { kind: 'json' } : type),
    addColumns: false,
    ...input,
  });
}

function refused(code: ErrorCode, ...patterns: RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BeamliftError, String(error));
    assert.equal(error.code, code);
    const words = [error.what, error.why, error.hint].join('\n');
    for (const pattern of patterns) assert.match(words, pattern);
    return true;
  };
}

const pairs = ({ columns }: ColumnPlan): string[] =>
  columns.map(({ source, destination }) => `${source}>${destination}`);

describe('planColumns: a table to create', () => {
  it('takes all columns in order, with the types of a created table', () => {
    const result = plan(
      table(
        [
          column('id', INT64, { nullable: false, comment: 'the key' }),
          column('n', STRING, { inferredType: DATE, nullable: false }),
          column('v', { kind: 'variant' }),
        ],
        ['id'],
      ),
    );
    assert.deepEqual(result.destinationSchema, {
      columns: [
        { name: 'id', type: INT64, nullable: false, comment: 'the key' },
        { name: 'n', type: DATE, nullable: true },
        { name: 'v', type: { kind: 'json' }, nullable: true },
      ],
      primaryKey: ['id'],
    });
    assert.deepEqual(result.columns[1], {
      source: 'n',
      destination: 'n',
      sourceType: STRING,
      destinationType: DATE,
    });
    assert.deepEqual(result.newColumns, []);
    assert.deepEqual(result.notices, []);
  });

  it('selects in the order of the list, each once, and maps', () => {
    const result = plan(table(['a', 'b', 'DiscountApplied(%)'], ['a']), {
      selectedColumns: ['DiscountApplied(%)', 'a', 'a'],
      columnMapping: new Map([['DiscountApplied(%)', 'discountapplied']]),
    });
    assert.deepEqual(pairs(result), ['DiscountApplied(%)>discountapplied', 'a>a']);
    assert.deepEqual(result.destinationSchema.primaryKey, ['a']);
  });

  it('adds key columns that were not selected, and says so', () => {
    const result = plan(table(['a', 'b', 'c']), { selectedColumns: ['b'], required: ['a'] });
    assert.deepEqual(pairs(result), ['b>b', 'a>a']);
    assert.match(result.notices.join(), /Loaded though not in selected_columns, as key_columns: "a"/);
    const mapped = plan(table(['a', 'b']), { required: ['A1'], columnMapping: new Map([['a', 'A1']]) });
    assert.deepEqual(pairs(mapped), ['a>A1', 'b>b']);
    const idle = plan(table(['a', 'b']), { selectedColumns: ['b'], columnMapping: new Map([['a', 'x']]) });
    assert.match(idle.notices.join(), /In column_mapping, but not in selected_columns, so not loaded: "a"/);
  });

  it('refuses unknown names of every kind at once, with the nearest', () => {
    assert.throws(
      () =>
        plan(table(['order_id', 'amount']), {
          selectedColumns: ['order_id', 'amuont'],
          columnMapping: new Map([['Amount', 'x']]),
          required: ['orderid', 'zzz'],
        }),
      refused(
        'COLUMN_NOT_FOUND',
        /selected_columns names "amuont" \(did you mean "amount"\?\)/,
        /column_mapping names "Amount" \(did you mean "amount"\?\)/,
        /key_columns names "orderid" \(did you mean "order_id"\?\); key_columns names "zzz"/,
        /The source has: "order_id", "amount"/,
      ),
    );
  });

  it('sanitizes names, with a notice', () => {
    const result = plan(table(['a b', '1st', 'ok', '_table_x', '📦']));
    assert.deepEqual(pairs(result), ['a b>a_b', '1st>_1st', 'ok>ok', '_table_x>__table_x', '📦>_']);
    assert.match(result.notices.join(), /"a b" as "a_b", "1st" as "_1st"/);
  });

  it('refuses collisions, all at once, with the line that tells them apart', () => {
    assert.throws(
      () => plan(table(['a b', 'a_b', 'A?B', 'x', 'X', 'a_b_2'])),
      refused(
        'COLUMN_COLLISION',
        /"a b" and "a_b" and "A\?B" would become "a_b"; "x" and "X" would become "x"/,
        /column_mapping: \{ "a_b": "a_b_3", "A\?B": "A_B_4", "X": "X_2" \}/,
      ),
    );
    assert.throws(
      () => plan(table(['a', 'b']), { columnMapping: new Map([['a', 'b']]) }),
      refused('COLUMN_COLLISION', /"a" and "b" would become "b"/),
    );
    const telling = { ...ROOMY, names: { ...ROOMY.names, caseInsensitive: false } };
    assert.deepEqual(pairs(plan(table(['x', 'X']), { rules: telling })), ['x>x', 'X>X']);
  });

  it('refuses impossible types, all at once', () => {
    assert.throws(
      () =>
        plan(table(['a', 'b', column('c', STRING)]), {
          typeFor: (type) => (type.kind === 'string' ? type : DATE),
        }),
      refused('TYPE_UNSUPPORTED', /"a": int64 into date \(a number .*"b": int64 into date/),
    );
  });

  it('treats names of objects as names', () => {
    const result = plan(table(['__proto__', 'constructor', 'toString']), { rules: ROOMY });
    assert.deepEqual(pairs(result), ['__proto__>__proto__', 'constructor>constructor', 'toString>toString']);
  });
});

describe('planColumns: an existing table', () => {
  it('takes the types of the table, exact names before those of another case', () => {
    const result = plan(table(['ID', column('amount', STRING)]), {
      destination: table([column('Amount', FLOAT64), column('amount', DATE), 'id'], ['id']),
    });
    assert.deepEqual(pairs(result), ['ID>id', 'amount>amount']);
    assert.deepEqual(result.columns[1]?.destinationType, DATE);
    assert.deepEqual(result.destinationSchema.primaryKey, ['id']);
    assert.match(result.notices.join(), /Not in the source, so null: "Amount"/);
  });

  it('finds columns by their sanitized names', () => {
    const result = plan(table(['a b']), { destination: table(['a_b']) });
    assert.deepEqual(pairs(result), ['a b>a_b']);
    assert.deepEqual(result.notices, []);
  });

  it('drops what the table lacks, or adds it', () => {
    const source = table(['a', column('new one', STRING, { nullable: false })]);
    const destination = table(['a']);
    const dropped = plan(source, { destination });
    assert.deepEqual(pairs(dropped), ['a>a']);
    assert.deepEqual(dropped.newColumns, []);
    assert.match(dropped.notices.join(), /Not in the destination table, so not loaded: "new one"/);
    const added = plan(source, { destination, addColumns: true });
    assert.deepEqual(pairs(added), ['a>a', 'new one>new_one']);
    assert.deepEqual(added.newColumns, [{ name: 'new_one', type: STRING, nullable: true }]);
    assert.deepEqual(added.destinationSchema.columns[1], added.newColumns[0]);
  });

  it('refuses targets of column_mapping and keys that the table lacks', () => {
    assert.throws(
      () =>
        plan(table(['a', 'b', 'c']), {
          destination: table(['alpha', 'c']),
          columnMapping: new Map([['a', 'alhpa']]),
          required: ['b'],
        }),
      refused(
        'COLUMN_NOT_FOUND',
        /column_mapping sends "a" to "alhpa" \(did you mean "alpha"\?\); key_columns needs "b"/,
        /add_columns/,
      ),
    );
  });

  it('refuses NOT NULL columns that nothing fills', () => {
    const required = column('must', INT64, { nullable: false });
    assert.throws(
      () => plan(table(['a']), { destination: table(['a', required, 'may']) }),
      refused('PLAN_REFUSED', /NOT NULL columns that no source column fills: "must"/),
    );
    const filled = plan(table(['a', 'must']), { destination: table(['a', required]) });
    assert.equal(filled.destinationSchema.columns[1]?.nullable, false);
  });

  it('never writes columns that the table computes', () => {
    const total = column('total', INT64, { generated: true, nullable: false });
    const result = plan(table(['a', 'total']), { destination: table(['a', total]), addColumns: true });
    assert.deepEqual(pairs(result), ['a>a']);
    assert.match(result.notices.join(), /"total"/);
  });

  it('refuses a table with nothing in common', () => {
    assert.throws(
      () => plan(table(['a']), { destination: table(['b']) }),
      refused('PLAN_REFUSED', /No column of the source has a place/, /The source has "a"; the table has "b"/),
    );
  });

  it('notices fields of structs that are dropped', () => {
    const from = arrayOf(
      structOf([
        ['x', INT64],
        [
          'p',
          structOf([
            ['y', INT64],
            ['z', INT64],
          ]),
        ],
      ]),
    );
    const to = arrayOf(structOf([['p', structOf([['z', INT64]])]]));
    const result = plan(table([column('s', from)]), { destination: table([column('s', to)]) });
    assert.match(result.notices.join(), /Fields .* not loaded: "s\.x", "s\.p\.y"/);
  });
});

describe('sanitizeName', () => {
  const cases: readonly [string, string][] = [
    ['plain_1', 'plain_1'],
    ['', '_'],
    ['a\nb\tc', 'a_b_c'],
    ['Discount(%)', 'Discount___'],
    ['naïve', 'na_ve'],
    ['📦box', '_box'],
    ['2024', '_2024'],
    ['_TABLE_SUFFIX', '__TABLE_SUFFIX'],
    ['_file_name', '__file_name'],
    ['x'.repeat(40), 'x'.repeat(30)],
  ];
  for (const [name, expected] of cases) {
    it(`${JSON.stringify(name.slice(0, 14))} becomes ${expected.slice(0, 14)}`, () => {
      assert.equal(sanitizeName(name, NARROW.names), expected);
    });
  }

  it('keeps what a generous destination takes', () => {
    assert.equal(sanitizeName('naïve 📦 "x"', ROOMY.names), 'naïve 📦 "x"');
    assert.equal(sanitizeName('a\u0000b\ud800', ROOMY.names), 'a_b_');
    assert.equal(sanitizeName('aaa📦', { ...ROOMY.names, maxLength: 4 }), 'aaa');
    const endless = { ...NARROW.names, reservedPrefixes: ['_'] };
    assert.equal(sanitizeName('_x', endless), 'c__x');
    const sticky = { ...NARROW.names, allowed: /[a-z]/gy };
    assert.equal(sanitizeName('abc', sticky), 'abc');
  });

  it('gives names that the rules allow, and leaves those alone', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (name) => {
        const clean = sanitizeName(name, NARROW.names);
        assert.match(clean, /^[A-Za-z_][A-Za-z0-9_]*$/);
        assert.ok(clean.length <= NARROW.names.maxLength);
        assert.doesNotMatch(clean, /^_(TABLE|FILE)_/i);
        assert.equal(sanitizeName(clean, NARROW.names), clean);
      }),
      { numRuns: 1000 },
    );
  });
});

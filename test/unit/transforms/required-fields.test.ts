import assert from 'node:assert/strict';
import type { Cell } from '../../../core/cells';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { CellRejected, compileCell } from '../../../transforms/cells';
import { conversionProblem } from '../../../transforms/conversions';
import { compileAvroEncoder } from '../../../transforms/encode/avro';
import { avroSchemaOf } from '../../../transforms/encode/avro-schema';

const INT: ColumnType = { kind: 'int', bits: 64 };
const FLOAT: ColumnType = { kind: 'float', bits: 64 };
const DESTINATION: ColumnType = {
  kind: 'struct',
  fields: [
    { name: 'must', type: INT, nullable: false },
    { name: 'may', type: INT },
    // An array is empty where it has no value.
    { name: 'list', type: { kind: 'array', element: INT }, nullable: false },
  ],
};

function convert(source: ColumnType, cell: Cell, nullDocument = true, destination = DESTINATION): Cell {
  const rules = { ...BIGQUERY_RULES, nullDocument };
  return compileCell(source, destination, { rules, policies: DEFAULT_POLICIES, lose: () => undefined })(cell);
}

const rejected = (reason: RegExp) => (thrown: unknown) =>
  thrown instanceof CellRejected && reason.test(thrown.reason);

describe('fields of structs that are NOT NULL', () => {
  const source: ColumnType = {
    kind: 'struct',
    fields: [
      { name: 'Must', type: FLOAT },
      { name: 'may', type: INT },
    ],
  };

  it('reject a null, also one that a policy made', () => {
    assert.deepEqual(convert(source, [5, null]), [5n, null, []]);
    assert.throws(() => convert(source, [null, 1n]), rejected(/^null, and field must is NOT NULL$/));
    assert.throws(() => convert(source, [NaN, 1n]), rejected(/must is NOT NULL/));
    assert.equal(convert(source, null), null);
  });

  it('reject a JSON object without a value for them', () => {
    for (const kind of ['json', 'variant'] as const) {
      assert.deepEqual(convert({ kind }, '{"must": 5}'), [5n, null, []]);
      for (const text of ['{}', '{"must": null}', '{"may": 1}']) {
        assert.throws(() => convert({ kind }, text), rejected(/must is NOT NULL/), text);
      }
      assert.equal(convert({ kind }, 'null'), null);
    }
  });

  it('are a problem of the plan where the source has no such field', () => {
    const without: ColumnType = { kind: 'struct', fields: [{ name: 'may', type: INT }] };
    const problem = conversionProblem(without, DESTINATION, BIGQUERY_RULES);
    assert.match(problem ?? '', /field must is NOT NULL/);
    assert.equal(conversionProblem(source, DESTINATION, BIGQUERY_RULES), undefined);
  });

  it('are no unions with null in Avro files', () => {
    const schema = { columns: [{ name: 's', type: DESTINATION, nullable: true }], primaryKey: [] };
    const fields = JSON.stringify(avroSchemaOf(schema));
    assert.match(fields, /\{"name":"must","type":"long"\},\{"name":"may","type":\["null","long"\]\}/);
    const encoder = compileAvroEncoder(schema, { codec: 'null', sync: new Uint8Array(16) });
    encoder.add([[1n, null, []]]);
    // One row of 5 bytes: the struct is there, 1, null, no elements.
    assert.deepEqual([...encoder.takeBlock().subarray(0, 6)], [2, 8, 2, 2, 0, 0]);
  });
});

describe('the document null, where a destination takes it for NULL', () => {
  const json: ColumnType = { kind: 'json' };

  it('is null, and an element that policy null_in_array drops', () => {
    const array: ColumnType = { kind: 'array', element: json };
    for (const source of [json, { kind: 'variant' }, { kind: 'string' }] satisfies ColumnType[]) {
      assert.equal(convert(source, ' null', false, json), null);
      assert.equal(convert(source, ' null', true, json), ' null');
      assert.equal(convert(source, '"null"', false, json), '"null"');
    }
    assert.deepEqual(convert(array, ['null', '1'], false, array), ['1']);
    assert.deepEqual(convert(array, ['null', '1'], true, array), ['null', '1']);
  });
});

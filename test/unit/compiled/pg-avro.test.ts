import assert from 'node:assert/strict';
import fc from 'fast-check';
import { arrayOfText, type PgColumn } from './arbitrary-pg';
import { PgAvroCodecs, plannedColumn, rowOf, type PgRow, type PlannedPgColumn } from './pg-avro-codecs';

interface Case {
  readonly columns: readonly PlannedPgColumn[];
  readonly rows: readonly PgRow[];
}

const cases: fc.Arbitrary<Case> = fc.array(plannedColumn, { minLength: 1, maxLength: 6 }).chain((chosen) => {
  const columns = chosen.map(({ column, type, nullable, isKey }, index) => ({
    column,
    isKey,
    to: { name: `c${index}`, type, nullable },
  }));
  const rows = fc.array(rowOf(columns), { minLength: 1, maxLength: 5 });
  return fc.record({ columns: fc.constant(columns), rows });
});

describe('compiled: PostgreSQL binary to Avro', () => {
  it('writes an empty array for a null one, and counts it', () => {
    const column = arrayOfText;
    for (const nullable of [true, false]) {
      const to = { name: 'tags', type: { kind: 'array', element: { kind: 'string' } }, nullable } as const;
      const codecs = new PgAvroCodecs([{ column, to, isKey: false }]);
      for (const mode of ['generated', 'closures'] as const) {
        assert.deepEqual(codecs.compiled([null], mode), Buffer.of(0));
        assert.deepEqual(codecs.losses, ['tags null_array 1']);
      }
      assert.deepEqual(codecs.reference([null]), Buffer.of(0));
    }
  });

  it('writes the bytes of the reference, or leaves the row to it, in both modes', () => {
    let byCodec = 0;
    let byReference = 0;
    fc.assert(
      fc.property(cases, ({ columns, rows }) => {
        const codecs = new PgAvroCodecs(columns);
        for (const row of rows) {
          const generated = codecs.compiled(row, 'generated');
          const counted = codecs.losses;
          const closures = codecs.compiled(row, 'closures');
          assert.deepEqual(closures, generated);
          assert.deepEqual(codecs.losses, counted);
          if (generated === undefined) {
            byReference++;
            continue;
          }
          byCodec++;
          assert.deepEqual(generated, codecs.reference(row));
          assert.deepEqual(counted, codecs.losses);
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(byCodec > 500 && byReference > 500, `${byCodec} rows by the codec, ${byReference} left`);
  });

  it('takes the ordinary values of every type that it knows', () => {
    fc.assert(
      fc.property(plannedColumn, fc.gen(), ({ column, type, nullable }, gen) => {
        const value = gen(() => column.value);
        const codecs = new PgAvroCodecs([{ column, to: { name: 'c', type, nullable }, isKey: false }]);
        if (codecs.reference([value]) === undefined || codecs.losses.length > 0) return;
        // What changes nothing is written by the codec, but for a few values that it cannot be sure of.
        const written = codecs.compiled([value], 'generated');
        if (written === undefined) unsure(column, value);
      }),
      { numRuns: 1500 },
    );
  });
});

/** Values that the codec leaves to the reference although nothing would be lost. */
function unsure({ type, field }: PgColumn, value: Buffer): void {
  const inner = type.kind === 'array' ? type.element.kind : type.kind;
  const allowed = ['decimal', 'json', 'datetime', 'timestamp'].includes(inner);
  assert.ok(allowed || field.form === 'other', `${type.kind}: ${value.toString('hex')}`);
}

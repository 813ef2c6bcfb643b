import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { DestinationRules } from '../../../core/destination-rules';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { ColumnType } from '../../../core/schema';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { compileCell } from '../../../transforms/cells';
import { compileMysqlWriter, decidesLate } from '../../../transforms/compiled/mysql-writers';
import { MYSQL_COLUMNS, type MysqlColumn } from './arbitrary-mysql';
import { RecordingSink, recorded } from './recording-sink';

/** What the reference makes of it; undefined: it refuses the value, or loses something of it. */
function byReference(
  { type, decode }: MysqlColumn,
  destination: ColumnType,
  rules: DestinationRules,
  value: Buffer,
): unknown {
  let losses = 0;
  let cell;
  try {
    const lose = (): void => {
      losses++;
    };
    const convert = compileCell(type, destination, { rules, policies: DEFAULT_POLICIES, lose });
    cell = convert(decode(value, 0, value.length));
  } catch {
    return undefined;
  }
  if (losses > 0 || cell === null) return undefined;
  return cell instanceof Uint8Array ? Buffer.from(cell).toString('utf8') : recorded(destination, cell);
}

/** What the writer makes of it between other bytes; undefined: it leaves it to the reference. */
function byWriter(
  { type, family }: MysqlColumn,
  destination: ColumnType,
  rules: DestinationRules,
  value: Buffer,
): unknown {
  const sink = new RecordingSink();
  const write = compileMysqlWriter(family, { source: type, destination, rules, sink });
  const bytes = Buffer.concat([Buffer.from('1.9'), value, Buffer.from('5')]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (write === undefined || !write(bytes, view, 3, value.length)) {
    // What is left is asked of another writer: nothing may have been written.
    if (!decidesLate(family, destination)) assert.equal(sink.take(), undefined);
    return undefined;
  }
  return sink.take();
}

const oneCase = fc.constantFrom(...MYSQL_COLUMNS).chain((column) =>
  fc.record({
    column: fc.constant(column),
    destination: fc.constantFrom(...column.destinations),
    rules: fc.constantFrom(BIGQUERY_RULES, DUCKDB_RULES, {
      ...BIGQUERY_RULES,
      nulCharacter: false,
      nullDocument: false,
    }),
    value: column.value,
  }),
);

describe('compiled: values of MySQL', () => {
  it('are written as the reference writes them, or left to it', () => {
    let byBoth = 0;
    fc.assert(
      fc.property(oneCase, ({ column, destination, rules, value }) => {
        const written = byWriter(column, destination, rules, value);
        if (written === undefined) return;
        byBoth++;
        assert.deepEqual(written, byReference(column, destination, rules, value));
      }),
      { numRuns: 8000 },
    );
    assert.ok(byBoth > 3000, `${byBoth}`);
  });

  /** What a created table has for each family: of these hardly a value may be left. */
  const usual: readonly [MysqlColumn['family'], ColumnType][] = [
    ['int', { kind: 'int', bits: 64 }],
    ['decimal', { kind: 'decimal', precision: 12, scale: 2 }],
    ['decimal', { kind: 'decimal', precision: 76, scale: 38 }],
    ['float', { kind: 'float', bits: 64 }],
    ['bit', { kind: 'bool' }],
    ['bit', { kind: 'int', bits: 64 }],
    ['date', { kind: 'date' }],
    ['datetime', { kind: 'datetime', unit: 'us' }],
    ['timestamp', { kind: 'timestamp', unit: 'us' }],
    ['time', { kind: 'time', unit: 'us' }],
    ['text', { kind: 'string' }],
    ['bytes', { kind: 'bytes' }],
    ['json', { kind: 'json' }],
    ['geometry', { kind: 'string' }],
  ];
  for (const [family, destination] of usual) {
    it(`of ${family} are taken into ${destination.kind}`, () => {
      let [taken, left] = [0, 0];
      for (const column of MYSQL_COLUMNS) {
        if (
          column.family !== family ||
          column.destinations.every((type) => !isDeepStrictEqual(type, destination))
        )
          continue;
        for (const value of fc.sample(column.value, 200)) {
          if (byReference(column, destination, DUCKDB_RULES, value) === undefined) continue;
          if (byWriter(column, destination, DUCKDB_RULES, value) === undefined) left++;
          else taken++;
        }
      }
      assert.ok(taken > 20 && left <= taken / 3, `${taken} taken, ${left} left`);
    });
  }
});

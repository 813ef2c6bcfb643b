import assert from 'node:assert/strict';
import type { ColumnType } from '../../../core/schema';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { DuckdbFixture } from './duckdb-fixture';
import { Oracle } from './oracle';

describe('what DuckDB holds', () => {
  const oracle = new Oracle();
  let fixture: DuckdbFixture;
  after(() => oracle.close());
  beforeEach(async () => (fixture = await DuckdbFixture.make(oracle)));
  afterEach(async () => await fixture.remove());

  /** What DuckDB says to values just inside and just outside of a limit: true where it takes it. */
  async function takes(...expressions: string[]): Promise<boolean[]> {
    await fixture.change('CREATE TABLE IF NOT EXISTS something (x INTEGER)');
    const asked = expressions.map((expression) => `(TRY(${expression}) IS NOT NULL)::VARCHAR`);
    const [answers = []] = await fixture.ask(`SELECT ${asked.join(', ')}`);
    return answers.map((answer) => answer === 'true');
  }

  it('dates from the first to the last of the rules, and not one more', async () => {
    const [first, last] = DUCKDB_RULES.dateRange;
    const day = (days: bigint) => `isfinite(DATE '1970-01-01' + (${days})::INTEGER) OR NULL`;
    assert.deepEqual(await takes(day(first), day(last), day(first - 1n), day(last + 1n)), [
      true,
      true,
      false,
      false,
    ]);
    assert.deepEqual(
      await takes(
        `'5877642-06-25 (BC)'::DATE`,
        `'5881580-07-10'::DATE`,
        `'5877642-06-24 (BC)'::DATE`,
        `'5881580-07-11'::DATE`,
      ),
      [true, true, false, false],
    );
  });

  it('instants from the first to the last of the rules, and not one more', async () => {
    const texts = [
      '290309-12-22 (BC) 00:00:00',
      '294247-01-10 04:00:54.775806',
      '290309-12-21 (BC) 23:59:59.999999',
      '294247-01-10 04:00:54.775807',
    ];
    for (const type of ['TIMESTAMP', 'TIMESTAMPTZ']) {
      const asked = texts.map((text) => `'${text}+00'::${type}`);
      assert.deepEqual(await takes(...asked), [true, true, false, false], type);
      const [answers] = await fixture.ask(
        `SELECT epoch_us(${asked[0]})::VARCHAR, epoch_us(${asked[1]})::VARCHAR`,
      );
      assert.deepEqual(answers, DUCKDB_RULES.instantRange.map(String), type);
    }
  });

  it('decimals of 38 digits', async () => {
    const { maxPrecision, maxScale } = DUCKDB_RULES.decimal;
    assert.deepEqual(
      await takes(`'1'::DECIMAL(${maxPrecision}, 0)`, `'0'::DECIMAL(${maxPrecision}, ${maxScale})`),
      [true, true],
    );
    await assert.rejects(takes(`'1'::DECIMAL(${maxPrecision + 1}, 0)`), /38/);
  });

  it('names of the longest length, which differ in more than case', async () => {
    const long = 'x'.repeat(DUCKDB_RULES.names.maxLength);
    const text: ColumnType = { kind: 'string' };
    await fixture.load([[long, text]], [[['v']]]);
    assert.deepEqual(await fixture.ask(`SELECT "${long}" FROM t`), [['v']]);
    assert.equal(DUCKDB_RULES.names.caseInsensitive, true);
    await assert.rejects(fixture.change('CREATE TABLE twice (a INTEGER, A INTEGER)'), /already exists/);
  });
});

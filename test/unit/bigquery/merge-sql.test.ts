import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { mergeStatement, replaceStatement, truncateStatement } from '../../../loaders/bigquery/merge-sql';
import { quoteIdentifier, quoteTable, quoteText } from '../../../loaders/bigquery/sql-text';
import { INT, STRING, TABLE, TIMESTAMP, columnsOf, commitContext } from './commit-fixture';

const SOURCES = [1, 2].map((index) => ({ ...TABLE, tableId: `tmp_${index}` }));
const COLUMNS = columnsOf({ id: INT, part: STRING, at: TIMESTAMP });
const ROWS = { table: TABLE, sources: SOURCES.slice(0, 1), columns: COLUMNS };
const BY_AT = { window: { column: 'at', lower: null, upper: null } };

describe('statements that publish', () => {
  it('merge: the newest of each key, unless the table has a newer one', () => {
    const context = commitContext(COLUMNS, { disposition: 'merge', keyColumns: ['id', 'part'], ...BY_AT });
    assert.equal(
      mergeStatement(context, ROWS),
      [
        'MERGE INTO `test-project`.`warehouse`.`orders` AS beamlift_target',
        'USING (SELECT `id`, `part`, `at` FROM (SELECT beamlift_row.`id`, beamlift_row.`part`, beamlift_row.`at`, ROW_NUMBER() OVER (PARTITION BY beamlift_row.`id`, beamlift_row.`part` ORDER BY beamlift_row.`at` DESC NULLS LAST, TO_JSON_STRING(beamlift_row) DESC) AS beamlift_place FROM (SELECT * FROM `test-project`.`warehouse`.`tmp_1`) AS beamlift_row) WHERE beamlift_place = 1) AS beamlift_staged',
        'ON beamlift_target.`id` = beamlift_staged.`id` AND beamlift_target.`part` = beamlift_staged.`part`',
        'WHEN MATCHED AND COALESCE(beamlift_target.`at` <= beamlift_staged.`at`, TRUE) THEN UPDATE SET `at` = beamlift_staged.`at`',
        'WHEN NOT MATCHED THEN INSERT (`id`, `part`, `at`) VALUES (beamlift_staged.`id`, beamlift_staged.`part`, beamlift_staged.`at`)',
      ].join('\n'),
    );
  });

  it('merge without a cursor, of several tables, into columns of other case', () => {
    const context = commitContext(COLUMNS, { disposition: 'merge', keyColumns: ['ID'] });
    const sql = mergeStatement(context, { ...ROWS, sources: SOURCES });
    assert.match(sql, /ORDER BY TO_JSON_STRING/);
    assert.match(sql, /WHEN MATCHED THEN UPDATE SET `part` = /);
    assert.match(
      sql,
      /\(SELECT \* FROM `test-project`\.`warehouse`\.`tmp_1` UNION ALL SELECT \* FROM [^)]*`tmp_2`\)/,
    );
  });

  it('a cursor that is not loaded decides nothing', () => {
    const context = commitContext(COLUMNS, {
      ...{ disposition: 'merge', keyColumns: ['id'] },
      window: { column: 'elsewhere', lower: null, upper: null },
    });
    assert.doesNotMatch(mergeStatement(context, ROWS), /COALESCE/);
  });

  it('the cursor is the destination column of the window, not one of its name', () => {
    const context = commitContext(COLUMNS, {
      ...{ disposition: 'merge', keyColumns: ['id'], ...BY_AT },
      columns: ['id', 'at', 'changed'].map((source, index) => ({
        source,
        destination: COLUMNS[index]?.name ?? '',
        sourceType: INT,
        destinationType: INT,
      })),
    });
    assert.match(mergeStatement(context, ROWS), /`part` <= beamlift_staged\.`part`/);
  });

  it('rows that are keys alone count as updated', () => {
    const columns = columnsOf({ id: INT });
    const context = commitContext(columns, { disposition: 'merge', keyColumns: ['id'] });
    assert.match(mergeStatement(context, { ...ROWS, columns }), /UPDATE SET `id` = beamlift_staged\.`id`\n/);
  });

  it('no merge without its keys', () => {
    for (const keyColumns of [[], ['nothing']]) {
      const context = commitContext(COLUMNS, { disposition: 'merge', keyColumns });
      assert.throws(
        () => mergeStatement(context, ROWS),
        (error) => error instanceof BeamliftError && error.code === 'INTERNAL',
      );
    }
  });

  it('replace: all rows go, also where the table demands a filter', () => {
    const context = commitContext(COLUMNS, { disposition: 'replace' });
    const plain = replaceStatement(context, ROWS, undefined);
    assert.match(plain, /WHEN NOT MATCHED BY SOURCE THEN DELETE/);
    const filtered = replaceStatement(context, ROWS, { column: 'at', type: 'TIMESTAMP' });
    assert.match(
      filtered,
      /BY SOURCE AND \(beamlift_target\.`at` >= TIMESTAMP '0001-01-01 00:00:00\+00' OR beamlift_target\.`at` IS NULL\) THEN DELETE/,
    );
    assert.match(
      replaceStatement(context, ROWS, { column: 'id', type: 'INT64' }),
      /`id` >= -9223372036854775808 OR/,
    );
    assert.doesNotMatch(plain, /ROW_NUMBER/);
    const byKey = commitContext(COLUMNS, { disposition: 'replace', keyColumns: ['id'] });
    assert.match(
      replaceStatement(byKey, ROWS, undefined),
      /PARTITION BY beamlift_row\.`id` .* WHERE beamlift_place = 1\)/,
    );
    assert.equal(truncateStatement(TABLE), 'TRUNCATE TABLE `test-project`.`warehouse`.`orders`');
  });
});

describe('names and texts in GoogleSQL', () => {
  it('end where they end', () => {
    assert.equal(quoteIdentifier('a`b\\c'), '`a\\`b\\\\c`');
    assert.equal(quoteIdentifier('a"b\'c;--'), '`a"b\'c;--`');
    assert.equal(quoteText("it's \\ `\n\u2028\u0000\u0085"), "'it\\'s \\\\ `\\x0a\\u2028\\x00\\x85'");
    assert.equal(quoteText('é\u{1f600}'), "'é\u{1f600}'");
    assert.equal(
      quoteTable({ projectId: 'domain.com:p', datasetId: 'd', tableId: 'a`b' }),
      '`domain.com:p`.`d`.`a\\`b`',
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import { checkColumnNames } from '../../../extractors/database/query-columns';
import { explainRefusal } from '../../../extractors/database/refused-sql';
import {
  MYSQL_SQL,
  outlineSql,
  POSTGRES_SQL,
  type SqlDialect,
} from '../../../extractors/database/sql-outline';
import { syntaxErrorPlace } from '../../../extractors/mysql/user-sql';

describe('SQL of users', () => {
  it('ends at its last word: semicolons, spaces and comments behind it are left out', () => {
    const both: readonly (readonly [sql: string, text: string])[] = [
      ['SELECT 1', 'SELECT 1'],
      ['SELECT 1;\n;; ', 'SELECT 1'],
      ['SELECT 1; -- done', 'SELECT 1'],
      ['SELECT 1 -- done;\n', 'SELECT 1'],
      ['SELECT 1 /* a; b */ ;', 'SELECT 1'],
      ['/* first; */ SELECT 1', '/* first; */ SELECT 1'],
      ["SELECT ';--' ;", "SELECT ';--'"],
      ["SELECT 'it''s; -- ' -- x", "SELECT 'it''s; -- '"],
      ['SELECT 1 AS "a;""--" ;', 'SELECT 1 AS "a;""--"'],
      ["SELECT 'never closed; -- ", "SELECT 'never closed; -- "],
      ['', ''],
      [' ; -- nothing', ''],
    ];
    for (const [sql, text] of both) {
      for (const dialect of [POSTGRES_SQL, MYSQL_SQL]) {
        assert.deepEqual(
          [outlineSql(sql, dialect).text, outlineSql(sql, dialect).second],
          [text, undefined],
          sql,
        );
      }
    }
    const own: readonly (readonly [dialect: SqlDialect, sql: string, text: string])[] = [
      [POSTGRES_SQL, 'SELECT $$;-- $$ ; --', 'SELECT $$;-- $$'],
      [POSTGRES_SQL, 'SELECT $a$;$$;$a$;', 'SELECT $a$;$$;$a$'],
      [POSTGRES_SQL, 'SELECT a$1$b FROM t; --$1$', 'SELECT a$1$b FROM t'],
      [POSTGRES_SQL, "SELECT E'\\';' ;", "SELECT E'\\';'"],
      [POSTGRES_SQL, "SELECT '\\' ; --'", "SELECT '\\'"],
      [POSTGRES_SQL, 'SELECT 1 /* a /* b */ ; */ ;', 'SELECT 1'],
      [POSTGRES_SQL, 'SELECT 1 --x', 'SELECT 1'],
      [POSTGRES_SQL, 'SELECT a # b', 'SELECT a # b'],
      [MYSQL_SQL, "SELECT '\\' ; -- ' ;", "SELECT '\\' ; -- '"],
      [MYSQL_SQL, 'SELECT 1 # done;', 'SELECT 1'],
      [MYSQL_SQL, 'SELECT `a;``#`; #', 'SELECT `a;``#`'],
      [MYSQL_SQL, 'SELECT 5 --3', 'SELECT 5 --3'],
      [MYSQL_SQL, 'SELECT 5 --\t3', 'SELECT 5'],
      [MYSQL_SQL, 'SELECT 1 /*!80000 , 2 */ ;', 'SELECT 1 /*!80000 , 2 */'],
      [MYSQL_SQL, 'SELECT 1 /*M! , 2 */ ;', 'SELECT 1 /*M! , 2 */'],
    ];
    for (const [dialect, sql, text] of own) {
      assert.deepEqual(
        [outlineSql(sql, dialect).text, outlineSql(sql, dialect).second],
        [text, undefined],
        sql,
      );
    }
  });

  it('shows where a second statement begins, and how the first does', () => {
    const sql = 'select 1;\n-- and\n  drop table t;';
    for (const dialect of [POSTGRES_SQL, MYSQL_SQL]) {
      const { second, firstWord, text } = outlineSql(sql, dialect);
      assert.equal(second, sql.indexOf('drop'));
      assert.equal(firstWord, 'SELECT');
      assert.equal(text, sql.slice(0, -1));
    }
    assert.equal(outlineSql('(SELECT 1)', POSTGRES_SQL).firstWord, '');
  });

  it('keeps every word, whatever the text is', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '`',
      '$$',
      '$a$',
      '--',
      '# ',
      '/*',
      '*/',
      '/*!',
      ';',
      '\\',
      '\n',
      ' ',
      'E',
      'a',
      '1',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.constantFrom(POSTGRES_SQL, MYSQL_SQL),
        (pieces, dialect) => {
          const sql = pieces.join('');
          const { text } = outlineSql(sql, dialect);
          assert.ok(sql.startsWith(text));
          assert.equal(outlineSql(`${text};\n-- done`, dialect).text.startsWith(text), true);
        },
      ),
    );
  });

  it('is refused in words about itself', () => {
    const refused = new BeamliftError('QUERY_REFUSED', { what: 'Refused', why: 'syntax error' });
    const told = (sql: string, reached?: number, kind: 'query' | 'filter' = 'query'): string => {
      const error = explainRefusal(refused, { kind, sql, dialect: POSTGRES_SQL, reached });
      assert.ok(error instanceof BeamliftError);
      assert.equal(error.why, 'syntax error');
      return error.what;
    };
    assert.equal(told('SELECT 📦\n  x FORM y', 13), 'Refused (line 2, character 4)');
    assert.equal(told('SELECT ', 400), 'Refused (at its end)');
    assert.equal(
      told('SELECT 1; DROP TABLE t', 8),
      'The query of the job has more than one statement: the second begins at line 1, character 11',
    );
    assert.equal(
      told('/* x */ delete from t', 0),
      'The query of the job is no SELECT: it begins with DELETE',
    );
    assert.equal(told(' -- nothing', 0), 'The query of the job is empty');
    assert.equal(told('a; b', 1, 'filter'), 'Refused (line 1, character 2)');
    const lost = new BeamliftError('CONNECTION_LOST', { what: 'Lost' });
    const same = explainRefusal(lost, { kind: 'query', sql: 'x; y', dialect: MYSQL_SQL, reached: undefined });
    assert.ok(same instanceof BeamliftError && same.what === 'Lost');
  });

  it('is placed by what MySQL quotes of it', () => {
    const sql = 'SELECT a,\n  b FORM t';
    const statement = `SELECT * FROM (${sql}\n) AS q`;
    const near = (text: string, line: number): number | undefined =>
      syntaxErrorPlace(
        `You have an error in your SQL syntax; check … for the right syntax to use near '${text}' at line ${line}`,
        statement,
        15,
      );
    assert.equal(near('t\n) AS q', 2), sql.indexOf('t', sql.indexOf('FORM')));
    assert.equal(near(') AS q', 3), sql.length + 1);
    assert.equal(near('', 3), statement.length);
    assert.equal(near('not there', 1), undefined);
    assert.equal(syntaxErrorPlace("Unknown column 'x' in 'SELECT'", statement, 15), undefined);
  });

  it('needs a name for each column', () => {
    const check = (...names: string[]): void =>
      checkColumnNames(names, {
        place: {},
        isNone: (name) => name === '',
        keyOf: (name) => name.toLowerCase(),
      });
    check('a', 'b', '__proto__', 'constructor');
    assert.throws(() => check('a', 'b', 'A'), {
      code: 'QUERY_REFUSED',
      what: 'Two columns of the query are called "A"',
    });
    assert.throws(() => check('a', ''), { code: 'QUERY_REFUSED', what: 'Column 2 of the query has no name' });
  });
});

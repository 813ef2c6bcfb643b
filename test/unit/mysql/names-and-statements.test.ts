import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ResultField } from '../../../core/clients/mysql-client';
import { enumValues, familyOf, packetField, readingOf } from '../../../extractors/mysql/column-reading';
import {
  parseQualifiedName,
  quoteIdentifier,
  quoteLiteral,
  writeQualifiedName,
} from '../../../extractors/mysql/names';
import { parseMysqlUrl } from '../../../extractors/mysql/parse-mysql-url';
import type { Relation, RelationColumn } from '../../../extractors/mysql/relation';
import { boundLiteral, selectStatement } from '../../../extractors/mysql/select-statement';
import { wallClockMicros } from '../../../extractors/mysql/wall-clock';

const field = (type: number, more: Partial<ResultField> = {}): ResultField => ({
  ...{ name: 'c', type, collation: 63, flags: 0, decimals: 0, length: 11 },
  ...{ extendedType: undefined, extendedFormat: undefined },
  ...more,
});

const column = (name: string, of: ResultField): RelationColumn => {
  const reading = readingOf(of, undefined);
  return {
    ...{ name, reading, field: packetField(reading), nullable: true, generated: false },
    ...{ nativeType: 'native', comment: undefined, fractionDigits: 0, isAutoIncrement: false },
  };
};

const INT = field(3);
const FLOAT = field(4, { decimals: 31 });
const DATE = field(10);
const DATETIME = field(12);
const TEXT = field(253, { collation: 45 });
const GEOMETRY = field(255);

const relation: Relation = {
  table: undefined,
  from: '`shop`.`a``b`',
  name: 'shop.a`b',
  columns: [column('id', INT), column('f`', FLOAT), column('at', DATETIME), column('g', GEOMETRY)],
  primaryKey: ['id'],
};

describe('names and statements for MySQL', () => {
  it('reads back every name that it writes', () => {
    const names = fc.array(
      fc.string({ minLength: 1 }).filter((name) => !name.includes('\0')),
      {
        minLength: 1,
        maxLength: 2,
      },
    );
    fc.assert(
      fc.property(names, (parts) =>
        assert.deepEqual(parseQualifiedName(writeQualifiedName(...parts)), parts),
      ),
    );
    assert.deepEqual(parseQualifiedName(' shop . `a``.b` '), ['shop', 'a`.b']);
    assert.deepEqual(parseQualifiedName('Größe$1'), ['Größe$1']);
    for (const text of ['', 'a.', '`a', 'a b', 'a.b.c', '``', '"a"']) {
      assert.throws(() => parseQualifiedName(text), { code: 'CONFIG_INVALID' }, text);
    }
  });

  it('leaves nothing of a text or name for the server to read otherwise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.match(quoteLiteral(text), /^_utf8mb4 X'[0-9a-f]*'$/);
        assert.match(quoteIdentifier(text), /^`([^`]|``)*`$/);
      }),
    );
  });

  it('selects floats and geometries so that nothing is cut off', () => {
    const unit = { id: 'u', kind: 'hash' as const, column: 'id', modulus: 4, remainder: 0 };
    const window = { column: 'at', lower: { value: '2024-01-01', inclusive: true }, upper: null };
    assert.equal(
      selectStatement(relation, relation.columns, { unit, window, filter: 'x = 1 -- y;' }, 5),
      'SELECT `id` AS `id`, `f``` * 1e0 AS `f```, `at` AS `at`, ST_AsText(`g`) AS `g` FROM `shop`.`a``b` ' +
        "WHERE (x = 1\n) AND `at` >= CAST('2024-01-01 00:00:00.000000' AS DATETIME(6)) AND COALESCE(CRC32(`id`) % 4, 0) = 0 LIMIT 5",
    );
  });

  it('writes bounds as literals of their column, and no other text', () => {
    assert.equal(boundLiteral(column('c', INT), '-12'), '-12');
    assert.equal(boundLiteral(column('c', FLOAT), '0.1'), '1e-1');
    assert.equal(boundLiteral(column('c', DATE), '2024-02-29'), "CAST('2024-02-29' AS DATE)");
    assert.equal(
      boundLiteral(column('c', DATETIME), '2024-02-29T01:02:03.000004Z'),
      "CAST('2024-02-29 01:02:03.000004' AS DATETIME(6))",
    );
    assert.equal(boundLiteral(column('c', TEXT), "a'"), "_utf8mb4 X'6127'");
    for (const [of, text] of [
      [INT, '1 OR 1=1'],
      [INT, ''],
      [FLOAT, 'x'],
      [DATE, '2024-02-30'],
      [DATETIME, "2024-01-01'"],
      [GEOMETRY, 'POINT(0 0)'],
    ] as const) {
      assert.throws(() => boundLiteral(column('c', of), text), { code: 'PLAN_REFUSED' }, text);
    }
  });

  it('reads the values of enums', () => {
    assert.deepEqual(enumValues("enum('a','it''s','','x,y','b\\\\s','n\\n')"), [
      'a',
      "it's",
      '',
      'x,y',
      'b\\s',
      'n\n',
    ]);
    assert.equal(enumValues("set('a','b')"), undefined);
  });

  it('knows bytes from texts, and JSON from both', () => {
    assert.equal(familyOf(field(252)), 'bytes');
    assert.equal(familyOf(field(252, { collation: 45 })), 'text');
    assert.equal(familyOf(field(252, { collation: 45, extendedFormat: 'json' })), 'json');
    assert.equal(familyOf(field(245)), 'json');
    assert.equal(familyOf(field(6)), 'text');
  });

  it('shows the clocks of a zone, before and after they are set', () => {
    const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;
    for (const [utc, zone, shown] of [
      ['2024-01-01T00:00:00Z', 'UTC', '2024-01-01T00:00:00Z'],
      ['2024-03-31T00:59:59.999Z', 'Europe/Berlin', '2024-03-31T01:59:59.999Z'],
      ['2024-03-31T01:00:00Z', 'Europe/Berlin', '2024-03-31T03:00:00Z'],
      ['2024-01-01T00:00:00Z', 'America/New_York', '2023-12-31T19:00:00Z'],
    ] as const) {
      assert.equal(wallClockMicros(micros(utc) + 7n, zone), micros(shown) + 7n, zone);
    }
  });

  it('reads URLs, and shows none of them in errors', () => {
    assert.deepEqual(
      parseMysqlUrl('mariadb://us%40er:p%2F%40%23:w@h.example:3307/shop?sslmode=verify-ca&ssl-ca=/ca.pem'),
      {
        connection: {
          ...{ user: 'us@er', password: 'p/@#:w', host: 'h.example', port: 3307, database: 'shop' },
          ...{ sslmode: 'verify-ca', ssl_ca: '${file:/ca.pem}' },
        },
      },
    );
    assert.deepEqual(parseMysqlUrl('mysql://etl:${env:PW}@[::1]/shop'), {
      connection: { user: 'etl', password: '${env:PW}', host: '::1', database: 'shop' },
    });
    assert.equal(parseMysqlUrl('postgresql://h/x'), undefined);
    for (const url of [
      'mysql://u:secret@h:x/db',
      'mysql://u:secret@a@h/db',
      'mysql://u:secret@h/db?no_such=1',
      'mysql://u:%zz@h',
    ]) {
      assert.throws(
        () => parseMysqlUrl(url),
        (error: { code: string; message: string; why: string }) => {
          assert.equal(error.code, 'USAGE');
          assert.ok(!`${error.message} ${error.why}`.includes('secret'));
          return true;
        },
      );
    }
  });
});

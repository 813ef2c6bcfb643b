import assert from 'node:assert/strict';
import type { ResultField } from '../../../core/clients/mysql-client';
import { enumValues, familyOf, readingOf } from '../../../extractors/mysql/column-reading';
import { isGenerated } from '../../../extractors/mysql/relation';

const UTF8MB4_0900_AI_CI = 255;
const BINARY = 63;

/** A column as MySQL 8 announces it: numbers of types above 240, no extended types, collations above 250. */
function field(type: number, more: Partial<ResultField> = {}): ResultField {
  return {
    ...{ name: 'c', type, collation: BINARY, flags: 0, decimals: 0, length: 20 },
    ...{ extendedType: undefined, extendedFormat: undefined },
    ...more,
  };
}

describe('what MySQL 8 announces and MariaDB does not', () => {
  it('has a type of its own for JSON, whose collation is that of bytes', () => {
    const reading = readingOf(field(245), { columnType: 'json', maxLength: undefined });
    assert.deepEqual(reading.type, { kind: 'json' });
    const text = Buffer.from('{"n": 9007199254740993}');
    assert.equal(reading.decode(text, 0, text.length), '{"n": 9007199254740993}');
    assert.equal(reading.select('`c`'), '`c`');
  });

  it('has texts in the collation utf8mb4_0900_ai_ci, and all others but binary', () => {
    for (const collation of [UTF8MB4_0900_AI_CI, 278, 305]) {
      assert.equal(familyOf(field(253, { collation })), 'text');
      assert.equal(familyOf(field(252, { collation })), 'text');
    }
    assert.equal(familyOf(field(253)), 'bytes');
  });

  it('has vectors as bytes, and geometries as those of MariaDB', () => {
    assert.equal(familyOf(field(242)), 'bytes');
    assert.equal(familyOf(field(255)), 'geometry');
  });

  it('declares whole numbers without a width, and with one where they are filled with zeros', () => {
    const unsigned = { flags: 32 };
    for (const columnType of ['int unsigned', 'int(10) unsigned zerofill', 'int(5) unsigned zerofill']) {
      const reading = readingOf(field(3, unsigned), { columnType, maxLength: undefined });
      assert.deepEqual(reading.type, { kind: 'int', bits: 32, unsigned: true }, columnType);
      const text = Buffer.from('00042');
      assert.equal(reading.decode(text, 0, text.length), 42n);
    }
    const flag = readingOf(field(1), { columnType: 'tinyint(1)', maxLength: undefined });
    assert.deepEqual(flag.type, { kind: 'int', bits: 8 });
    const year = readingOf(field(13, unsigned), { columnType: 'year', maxLength: undefined });
    assert.deepEqual(year.type, { kind: 'int', bits: 16 });
  });

  it('tells columns that are computed from defaults that are, and from columns that are invisible', () => {
    const extras: readonly (readonly [extra: string, generated: boolean])[] = [
      ['', false],
      ['auto_increment', false],
      ['DEFAULT_GENERATED', false],
      ['DEFAULT_GENERATED on update CURRENT_TIMESTAMP(6)', false],
      ['DEFAULT_GENERATED INVISIBLE', false],
      ['INVISIBLE', false],
      ['auto_increment INVISIBLE', false],
      ['VIRTUAL GENERATED', true],
      ['STORED GENERATED', true],
      ['STORED GENERATED INVISIBLE', true],
      ['VIRTUAL GENERATED, INVISIBLE', true],
    ];
    for (const [extra, generated] of extras) assert.equal(isGenerated(extra), generated, extra);
  });

  it('declares enums as MariaDB does', () => {
    assert.deepEqual(enumValues("enum('a','it''s')"), ['a', "it's"]);
  });
});

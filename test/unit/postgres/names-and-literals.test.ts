import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import { quoteLiteral } from '../../../extractors/postgres/literal';
import {
  parseQualifiedName,
  quoteIdentifier,
  writeQualifiedName,
} from '../../../extractors/postgres/qualified-name';

describe('postgres: qualified names', () => {
  it('reads names as SQL does', () => {
    const cases: [string, string[]][] = [
      ['orders', ['orders']],
      ['Public.Orders', ['public', 'orders']],
      ['public."a.b"', ['public', 'a.b']],
      ['"Sales"."Order ""Items"""', ['Sales', 'Order "Items"']],
      [' shop . public . "x" ', ['shop', 'public', 'x']],
      ['öÄ$1', ['öÄ$1']],
      ['"__proto__"', ['__proto__']],
      ['"a\nb"', ['a\nb']],
      ['"📦"', ['📦']],
    ];
    for (const [text, parts] of cases) assert.deepEqual(parseQualifiedName(text), parts, text);
  });

  it('refuses what is no name, and says where', () => {
    for (const text of [
      '',
      '.',
      'a.',
      '"a',
      '""',
      'a b',
      'a-b',
      '1a',
      'a;drop table b',
      'a.b.c.d',
      '"a"b',
      '"a\0"',
    ]) {
      assert.throws(
        () => parseQualifiedName(text),
        (error: unknown) =>
          error instanceof BeamliftError && error.code === 'CONFIG_INVALID' && /character/.test(error.what),
        text,
      );
    }
  });

  it('reads back every name that it writes (property)', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 10 })
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, (schema, table) => {
        assert.deepEqual(parseQualifiedName(writeQualifiedName(schema, table)), [schema, table]);
        assert.deepEqual(parseQualifiedName(quoteIdentifier(table)), [table]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('postgres: literals', () => {
  /** An independent reader of SQL literals. */
  function readLiteral(sql: string): string {
    const escapes = sql.startsWith('E');
    assert.match(sql, /^E?'[^]*'$/);
    const inside = sql.slice(escapes ? 2 : 1, -1);
    let text = '';
    for (let at = 0; at < inside.length; at++) {
      const character = inside.charAt(at);
      if (character === "'" || (escapes && character === '\\')) {
        at++;
        assert.equal(inside.charAt(at), character, `a lone ${character} in ${sql}`);
      }
      text += character;
    }
    return text;
  }

  it('means the same text whatever standard_conforming_strings says (property)', () => {
    const unit = fc.oneof(
      fc.constantFrom("'", '\\', '\n', '$', ';', '-'),
      fc.string({ minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        fc.pre(!text.includes('\0'));
        const literal = quoteLiteral(text);
        assert.equal(readLiteral(literal), text);
        assert.ok(literal.startsWith('E') || !literal.includes('\\'));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses U+0000', () => {
    assert.throws(() => quoteLiteral('a\0b'), { code: 'PLAN_REFUSED' });
  });
});

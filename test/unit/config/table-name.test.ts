import assert from 'node:assert/strict';
import fc from 'fast-check';
import { durationSchema, durationSeconds } from '../../../launcher/config/duration';
import { fillTableTemplate, parseTableName } from '../../../launcher/config/table-name';

describe('table name', () => {
  it('is read as SQL writes it', () => {
    const cases: [string, { schema: string | undefined; name: string } | undefined][] = [
      ['orders', { schema: undefined, name: 'orders' }],
      [' public.orders ', { schema: 'public', name: 'orders' }],
      ['public."a.b"', { schema: 'public', name: 'a.b' }],
      ['"a ""b"""', { schema: undefined, name: 'a "b"' }],
      ['shop.public.orders', { schema: 'public', name: 'orders' }],
      ['', undefined],
      ['a.', undefined],
      ['.a', undefined],
      ['a..b', undefined],
      ['"a', undefined],
      ['""', undefined],
      ['"a"b', undefined],
      ['a"b', undefined],
      ['a.b.c.d', undefined],
    ];
    for (const [text, expected] of cases) assert.deepEqual(parseTableName(text), expected, text);
  });

  it('comes back from quotes, whatever it is', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 });
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(part, part, (schema, name) => {
        assert.deepEqual(parseTableName(`${quote(schema)}.${quote(name)}`), { schema, name });
      }),
    );
  });

  it('fills templates with any characters', () => {
    assert.equal(
      fillTableTemplate('{schema}_{table}_{other}', { schema: '$&', name: '{schema}' }),
      '$&_{schema}_{other}',
    );
    assert.equal(fillTableTemplate('{schema}{table}', { schema: undefined, name: 't' }), 't');
  });
});

describe('duration', () => {
  it('is seconds, or a number with a unit', () => {
    const cases: [string | number, number][] = [
      [2, 2],
      [0.5, 0.5],
      ['30s', 30],
      ['5m', 300],
      ['1.5h', 5400],
      ['7 d', 604_800],
    ];
    for (const [written, seconds] of cases)
      assert.equal(durationSeconds(durationSchema.parse(written)), seconds);
    for (const wrong of ['5', '-1s', '1w', 's', '1h30m', '', -1, null, Number.NaN]) {
      assert.equal(durationSchema.safeParse(wrong).success, false, String(wrong));
    }
  });
});

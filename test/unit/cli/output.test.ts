import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatCount } from '../../../core/counted';
import { BeamliftError } from '../../../core/errors';
import { renderError } from '../../../launcher/output/error-block';
import { decideOutput, readLevel } from '../../../launcher/output/output-mode';
import { paletteFor } from '../../../launcher/output/palette';
import {
  displayWidth,
  fitWidth,
  padWidth,
  printable,
  printableLine,
} from '../../../launcher/output/printable';
import { formatBytes, formatDuration, formatInstant } from '../../../launcher/output/quantities';
import { redactedJson, redactValue } from '../../../launcher/output/redaction';
import { Screen } from '../../../launcher/output/screen';
import { renderPairs, renderTable } from '../../../launcher/output/table';
import { fakeHost } from './fake-host';

const plain = paletteFor({ colour: false });

describe('quantities', () => {
  const cases: [string, string][] = [
    [formatCount(0), '0'],
    [formatCount(3_000_000), '3,000,000'],
    [formatCount(1234.7), '1,235'],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(999.6), '1.0 kB'],
    [formatBytes(1_000), '1.0 kB'],
    [formatBytes(45_249_000), '45.2 MB'],
    [formatBytes(99_960_000), '100 MB'],
    [formatBytes(999_600_000), '1.0 GB'],
    [formatBytes(1e21), '1000000 PB'],
    [formatDuration(0), '0.0 s'],
    [formatDuration(59.94), '59.9 s'],
    [formatDuration(59.96), '1 min 00 s'],
    [formatDuration(125), '2 min 05 s'],
    [formatDuration(3599.6), '1 h 00 min'],
    [formatDuration(3_725), '1 h 02 min'],
    [formatDuration(360_000), '100 h 00 min'],
    [formatInstant('2025-03-01T10:00:12.345Z'), '2025-03-01 10:00:12'],
    [formatInstant('yesterday'), 'yesterday'],
  ];
  for (const [shown, expected] of cases) it(expected, () => assert.equal(shown, expected));
});

describe('printable text', () => {
  it('escapes what a terminal would act upon, and nothing else', () => {
    assert.equal(
      printable('a\u001b[31mb\u009b2Jc\u202ed\rE\tf\ng\u0000'),
      'a\\u001b[31mb\\u009b2Jc\\u202ed\\rE\tf\ng\\u0000',
    );
    assert.equal(printableLine('one\ntwo\tthree\r\nfour'), 'one\\ntwo\\tthree\\nfour');
    assert.equal(printable('größe 表 🐢 ±'), 'größe 表 🐢 ±');
  });

  it('measures, cuts and pads by columns of the terminal', () => {
    assert.equal(displayWidth('orders'), 6);
    assert.equal(displayWidth('注文'), 4);
    assert.equal(displayWidth('e\u0301'), 1);
    assert.equal(fitWidth('注文テーブル', 7), '注文テ…');
    assert.equal(padWidth('注文', 6, 'right'), '  注文');
  });

  it('never gives more columns than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) => {
        assert.ok(displayWidth(fitWidth(text, width)) <= width);
      }),
    );
  });
});

describe('tables', () => {
  it('align numbers right, cut what is too long, and end lines without spaces', () => {
    const lines = renderTable(
      [{ title: 'name', maxWidth: 6 }, { title: 'rows', align: 'right' }, { title: 'table' }],
      [
        ['short', '1', 'x'],
        ['much longer', '12,345', ''],
        ['two\nlines', '7', 'y'],
      ],
      { indent: 2 },
    );
    assert.deepEqual(lines, [
      '  name      rows  table',
      '  short        1  x',
      '  much …  12,345',
      '  two\\n…       7  y',
    ]);
  });

  it('indents further lines of a pair below its text', () => {
    assert.deepEqual(
      renderPairs([
        ['why', 'one\ntwo'],
        ['where', 'here'],
      ]),
      ['  why    one', '         two', '  where  here'],
    );
  });
});

describe('error blocks', () => {
  it('say code, what, where, why and hint, all lines of them', () => {
    const error = new BeamliftError('CONFIG_INVALID', {
      what: 'The configuration has 2 problems\nbeamlift.yaml:3:5  unknown key "tabel"',
      where: { column: 'a\nb', job: 'orders', object: 'beamlift.yaml:3:5', row: 'line 7' },
      why: 'first\nsecond',
      hint: 'Write "table".',
    });
    assert.equal(
      renderError(error.toReport(), plain),
      [
        'error CONFIG_INVALID: The configuration has 2 problems',
        '  beamlift.yaml:3:5  unknown key "tabel"',
        '  where  job orders, beamlift.yaml:3:5, line 7, column a\\nb',
        '  why    first',
        '         second',
        '  hint   Write "table".',
        '',
      ].join('\n'),
    );
  });

  it('leave out what is not known', () => {
    assert.equal(
      renderError(new BeamliftError('INTERNAL', { what: 'x is undefined' }).toReport(), plain),
      'error INTERNAL: x is undefined\n',
    );
  });
});

describe('where messages go', () => {
  const none = {
    logFormat: undefined,
    logLevel: undefined,
    quiet: false,
    isTerminal: false,
    term: 'xterm',
    environmentLevel: undefined,
  } as const;
  const cases: [string, Partial<Parameters<typeof decideOutput>[0]>, string][] = [
    ['a pipe', {}, 'json info'],
    ['a terminal', { isTerminal: true }, 'bars text warn'],
    ['a dumb terminal', { isTerminal: true, term: 'dumb' }, 'text info'],
    ['a terminal, JSON asked for', { isTerminal: true, logFormat: 'json' }, 'json info'],
    ['a pipe, text asked for', { logFormat: 'text' }, 'text info'],
    ['a terminal, a level asked for', { isTerminal: true, logLevel: 'debug' }, 'bars text debug'],
    ['a terminal, LOG_LEVEL', { isTerminal: true, environmentLevel: 'INFO' }, 'bars text info'],
    ['the flag before the environment', { logLevel: 'error', environmentLevel: 'debug' }, 'json error'],
    ['a LOG_LEVEL of another program', { environmentLevel: 'chatty' }, 'json info'],
    ['quiet', { isTerminal: true, quiet: true, logLevel: 'debug' }, 'text error'],
  ];
  for (const [name, wishes, expected] of cases) {
    it(`${name}: ${expected}`, () => {
      const { bars, format, level } = decideOutput({ ...none, ...wishes });
      assert.equal([bars ? 'bars' : '', format, level].filter(Boolean).join(' '), expected);
    });
  }

  it('understands the usual other names of levels', () => {
    assert.deepEqual(['TRACE', 'Warning', 'critical', ' info ', 'quiet', ''].map(readLevel), [
      'debug',
      'warn',
      'error',
      'info',
      undefined,
      undefined,
    ]);
  });
});

describe('redaction of data', () => {
  const redact = (text: string): string => text.replaceAll('geheim"', '***');

  it('reaches every text, before JSON hides the quotes', () => {
    const json = redactedJson({ why: 'x geheim" y', list: ['geheim"', { deep: 'geheim"' }] }, redact);
    assert.equal(json, '{"why":"x *** y","list":["***",{"deep":"***"}]}');
  });

  it('keeps numbers, nulls, names of fields and the words programs look for', () => {
    const job = 'geheim"';
    const value = { job, 'geheim"': 1, nothing: null, big: 2n ** 70n, undef: undefined };
    assert.equal(
      redactedJson(value, redact),
      '{"job":"geheim\\"","geheim\\"":1,"nothing":null,"big":"1180591620717411303424"}',
    );
  });

  it('knows fields called __proto__, errors, and values without an end', () => {
    const odd = JSON.parse('{"__proto__":{"a":"geheim\\""}}');
    assert.equal(redactedJson(odd, redact), '{"__proto__":{"a":"***"}}');
    assert.equal(
      redactedJson({ error: new Error('geheim"') }, redact),
      '{"error":{"name":"Error","message":"***"}}',
    );
    const endless: { self?: unknown } = {};
    endless.self = endless;
    assert.doesNotThrow(() => redactValue(endless, redact));
  });
});

describe('the live line', () => {
  it('is written over, stays below printed lines, and leaves nothing behind', () => {
    const { err } = fakeHost({ terminal: true, colour: false, columns: 40 });
    const screen = new Screen(err);
    screen.show('a rather long line of progress');
    screen.show('short');
    assert.deepEqual(err.screen(), ['short']);
    screen.print('a message\n');
    assert.deepEqual(err.screen(), ['a message', 'short']);
    screen.clear();
    assert.deepEqual(err.screen(), ['a message', '']);
  });

  it('writes nothing when there is nothing to take away', () => {
    const { err } = fakeHost();
    const screen = new Screen(err);
    screen.clear();
    screen.print('only this\n');
    assert.equal(err.text(), 'only this\n');
  });

  it('never reaches the last column, whatever is shown', () => {
    const word = fc.constantFrom('orders', '注文', '\u001b[32mgreen\u001b[39m', '12,345 rows', '█████');
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 60 }),
        fc.array(fc.array(word, { maxLength: 12 })),
        (columns, lines) => {
          const { err } = fakeHost({ terminal: true, columns });
          const screen = new Screen(err);
          for (const line of lines) screen.show(line.join(' '));
          for (const part of err.text().split('\r')) {
            assert.ok(displayWidth(part.replace(/\u001b\[\d+m/g, '')) < columns, JSON.stringify(part));
          }
        },
      ),
    );
  });
});

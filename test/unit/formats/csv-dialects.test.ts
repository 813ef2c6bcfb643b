import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import * as iconv from 'iconv-lite';
import { csvSettings, type FormatOptions } from '../../../extractors/formats/csv-dialect';
import { CsvScanner } from '../../../extractors/formats/csv-scanner';
import { optionProblems } from '../../../extractors/formats/format-options';

/** A table, and how it is written. */
interface Case {
  readonly rows: readonly (readonly string[])[];
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly comment: string;
  readonly trim: boolean;
  readonly newline: string;
  readonly encoding: string | undefined;
  /** By record, around: whether something may stand there that is no part of the table. */
  readonly noise: readonly number[];
}

const BLANK = /^[ \t]|[ \t]$/;

const caseOf = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', '||', '|;|', '¦', ' ', ', '),
    quote: fc.constantFrom('"', '"', "'", ''),
    escape: fc.constantFrom('', '\\', '^'),
    comment: fc.constantFrom('', '#', '//', '¦#', '--'),
    encoding: fc.constantFrom(undefined, 'latin1', 'utf-16le', 'utf-16be', 'windows-1252'),
    newline: fc.constantFrom('\n', '\r\n', '\r'),
    trim: fc.boolean(),
    noise: fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }),
    width: fc.integer({ min: 2, max: 3 }),
  })
  .chain((given): fc.Arbitrary<Case> => {
    const { delimiter, quote, escape, comment, width } = given;
    const own = [...Array.from(delimiter), quote, escape, ...Array.from(comment), `${escape}${quote}`].filter(
      Boolean,
    );
    const alphabet = [...own, ...own, 'a', 'B', '0', ' ', '\t', '\n', '\r', '\r\n', 'é', '\0'];
    const cell = fc.array(fc.constantFrom(...alphabet), { maxLength: 5 }).map((parts) => parts.join(''));
    const row = fc.array(cell, { minLength: width, maxLength: width });
    return fc
      .array(row, { minLength: 1, maxLength: 4 })
      .map((rows) => ({ ...given, rows: rows.map((cells) => cells.map((text) => writable(text, given))) }));
  });

/** The text without what such a file cannot hold. */
function writable(text: string, { delimiter, quote, escape, comment, trim }: Omit<Case, 'rows'>): string {
  if (quote !== '') return text;
  const forbidden = new Set([
    // In front of a line end it would be half of one.
    '\r',
    ...(escape === '' ? [...Array.from(delimiter), ...Array.from(comment), '\n'] : []),
    ...(trim ? [' ', '\t'] : []),
  ]);
  return Array.from(text)
    .filter((character) => !forbidden.has(character))
    .join('');
}

function renderField(text: string, index: number, given: Case): string {
  const { delimiter, quote, escape, comment, trim } = given;
  const escaped = (specials: readonly string[]): string => {
    let result = '';
    for (const character of text.match(/\r\n|[^]/gu) ?? []) {
      result += specials.includes(character) ? escape + character : character;
    }
    return result;
  };
  if (quote === '') {
    const specials = [
      escape,
      Array.from(delimiter)[0] ?? '',
      Array.from(comment)[0] ?? '',
      '\n',
      '\r',
      '\r\n',
    ];
    return escape === '' ? text : escaped(specials);
  }
  const special =
    [...Array.from(delimiter), quote, '\r', '\n', escape].some(
      (character) => character !== '' && text.includes(character),
    ) ||
    (comment !== '' && index === 0 && text.startsWith(Array.from(comment)[0] ?? '')) ||
    (trim && BLANK.test(text));
  if (!special) return text;
  return quote + (escape === '' ? text.replaceAll(quote, quote + quote) : escaped([escape, quote])) + quote;
}

function render(given: Case): string {
  const { rows, delimiter, comment, trim, newline, noise } = given;
  let count = 0;
  const next = (): number => noise[count++ % noise.length] ?? 0;
  const blanks = trim && !/[ \t]/.test(delimiter) ? ['', ' ', '\t', '  '] : [''];
  const blank = (): string => blanks[next() % blanks.length] ?? '';
  return rows
    .map((cells) => {
      const remark = comment !== '' && next() > 1 ? `${comment} "it's${delimiter}\\^${newline}` : '';
      const fields = cells.map((text, index) => {
        const field = renderField(text, index, given);
        return index === 0 && comment !== '' ? field + blank() : blank() + field + blank();
      });
      return remark + fields.join(delimiter) + newline;
    })
    .join('');
}

function optionsOf({ delimiter, quote, escape, comment, trim, encoding }: Case): FormatOptions {
  return {
    delimiter,
    quote,
    escape,
    comment_prefix: comment,
    trim,
    ...(encoding === undefined ? {} : { encoding }),
  };
}

function scan(bytes: Uint8Array, options: FormatOptions, cuts: readonly number[]): string[][] {
  const records: string[][] = [];
  const scanner = new CsvScanner(csvSettings(options), (record) => {
    const problem = record.problem === undefined ? [] : [`<${record.problem}>`];
    if (record.blank) return;
    records.push([
      ...problem,
      ...Array.from({ length: record.count }, (_, index) => record.text(index) ?? '<bytes>'),
    ]);
  });
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    scanner.feed(bytes.subarray(start, end));
    start = end;
  }
  scanner.end();
  return records;
}

describe('CSV dialects', () => {
  it('are read as csv-parse reads them, wherever the bytes are cut', () => {
    let compared = 0;
    fc.assert(
      fc.property(caseOf, (given) => {
        const options = optionsOf(given);
        fc.pre(optionProblems('csv', options).length === 0);
        const { delimiter, quote, escape, comment, trim, rows, encoding = 'utf-8' } = given;
        const text = render(given);
        const bytes = iconv.encode(text, encoding);
        const places = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
        assert.deepEqual(scan(bytes, options, []), rows, text);
        assert.deepEqual(scan(bytes, options, places), rows, `${text} by bytes`);
        for (const cut of places)
          assert.deepEqual(scan(bytes, options, [cut]), rows, `${text} cut at ${cut}`);

        // Without quotes it knows no escapes, and it takes tabs and spaces for no delimiters where it trims.
        if (quote === '' || (trim && /[ \t]/.test(delimiter))) return;
        const read: unknown = parse(text, {
          delimiter,
          quote,
          escape: escape === '' ? quote : escape,
          trim,
          record_delimiter: ['\r\n', '\n', '\r'],
          ...(comment === '' ? {} : { comment, comment_no_infix: true }),
        });
        assert.deepEqual(read, rows, text);
        compared++;
      }),
      { numRuns: 400 },
    );
    assert.ok(compared > 100, String(compared));
  });

  it('find the same in malformed text at every cut', () => {
    const piece = fc.constantFrom(
      'a',
      ',',
      '"',
      '"',
      '\\',
      '\\',
      '\n',
      '\r',
      '\r\n',
      '#',
      '#',
      ' ',
      ' ',
      '\t',
      'é',
      '|',
      '||',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }),
        fc.record({
          delimiter: fc.constantFrom(',', '||', '\\t'),
          escape: fc.constantFrom('', '\\'),
          comment_prefix: fc.constantFrom('', '#', '##'),
          trim: fc.boolean(),
          skip_lines: fc.nat(2),
        }),
        (parts, options) => {
          const bytes = Buffer.from(parts.join(''));
          const attempt = (cuts: readonly number[]): unknown => {
            try {
              return scan(bytes, options, cuts);
            } catch (error) {
              return String(error);
            }
          };
          const whole = attempt([]);
          for (let cut = 1; cut < bytes.length; cut++)
            assert.deepEqual(attempt([cut]), whole, `cut at ${cut}`);
          assert.deepEqual(attempt(Array.from({ length: bytes.length }, (_, index) => index)), whole);
        },
      ),
      { numRuns: 400 },
    );
  });
});

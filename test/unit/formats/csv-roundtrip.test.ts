import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import * as iconv from 'iconv-lite';
import { CsvTokenizer } from '../../../extractors/formats/csv-parser';
import { readCsvFile } from './csv-reading';
import { MemoryFile } from './memory-file';

const WIDE = [
  'a',
  'B',
  '0',
  ' ',
  ',',
  ';',
  '\t',
  '|',
  '"',
  "'",
  '\n',
  '\r',
  '\r\n',
  '\\N',
  '\0',
  'é',
  '¦',
  '漢',
  '😀',
  '\ufffd',
];
const NARROW = WIDE.filter((text) => !/[漢😀\ufffd]/u.test(text));

/** A table, and every choice that a writer of CSV has. */
interface Case {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly quoteAlways: readonly boolean[];
  readonly delimiter: string;
  readonly quote: string;
  readonly newline: string;
  readonly lastNewline: boolean;
  readonly hasHeader: boolean;
  readonly mark: boolean;
  readonly nullMarker: string;
  readonly encoding: string | undefined;
  readonly chunkSizes: readonly number[];
}

const caseOf = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom(undefined, 'utf-8', 'latin1', 'utf-16le', 'utf-16be', 'windows-1252'),
  )
  .chain(([width, encoding]): fc.Arbitrary<Case> => {
    const alphabet = encoding === 'latin1' || encoding === 'windows-1252' ? NARROW : WIDE;
    const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 6 }).map((parts) => parts.join(''));
    const cell = fc.option(text, { freq: 4 });
    return fc.record({
      header: fc.uniqueArray(
        text.map((name) => `x${name}`),
        { minLength: width, maxLength: width },
      ),
      rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
      quoteAlways: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      delimiter: fc.constantFrom(',', ';', '\t', '||', '¦', ', ', '|;|'),
      quote: fc.constantFrom('"', "'"),
      newline: fc.constantFrom('\n', '\r\n', '\r'),
      lastNewline: fc.boolean(),
      hasHeader: fc.boolean(),
      mark: fc.boolean(),
      nullMarker: fc.constantFrom('', '\\N', 'NULL'),
      encoding: fc.constant(encoding),
      chunkSizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
    });
  });

function renderField(cell: string | null, always: boolean, given: Case): string {
  if (cell === null) return given.nullMarker;
  const special = [...Array.from(given.delimiter), given.quote, '\r', '\n'].some((text) =>
    cell.includes(text),
  );
  if (!always && !special && cell !== given.nullMarker) return cell;
  return given.quote + cell.replaceAll(given.quote, given.quote + given.quote) + given.quote;
}

/** The text of the file, and the line on which each row begins. */
function render(given: Case): { text: string; lines: number[] } {
  let text = '';
  let line = 1;
  const lines: number[] = [];
  const records: readonly (readonly (string | null)[])[] = given.hasHeader
    ? [given.header, ...given.rows]
    : given.rows;
  records.forEach((record, at) => {
    const fields = record.map((cell, index) =>
      renderField(cell, given.quoteAlways[(at + index) % given.quoteAlways.length] ?? false, given),
    );
    const rendered = fields.join(given.delimiter);
    if (!given.hasHeader || at > 0) lines.push(line);
    line += 1 + (rendered.match(/\r\n|\r|\n/g)?.length ?? 0);
    // Nothing at the end of a file is no record, so an empty last one needs its line end.
    text +=
      at === records.length - 1 && !given.lastNewline && rendered !== ''
        ? rendered
        : rendered + given.newline;
  });
  return { text, lines };
}

function encode(text: string, given: Case): Buffer {
  const unicode = given.encoding === undefined || given.encoding.startsWith('utf');
  return iconv.encode(given.mark && unicode ? `\ufeff${text}` : text, given.encoding ?? 'utf-8');
}

describe('CSV round trip', () => {
  it('reads back every table, however it was written and its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(caseOf, async (given) => {
        // The first row of a file without a header decides its width: one that is nothing at all cannot.
        fc.pre(given.hasHeader || given.header.length > 1 || (given.rows[0]?.[0] ?? '') !== '');
        const { text, lines } = render(given);
        const reading = await readCsvFile(new MemoryFile(encode(text, given), given.chunkSizes), {
          delimiter: given.delimiter,
          quote: given.quote,
          has_header: given.hasHeader,
          null_marker: given.nullMarker,
          ...(given.encoding === undefined ? {} : { encoding: given.encoding }),
        });
        assert.deepEqual(reading.rejects, []);
        assert.deepEqual(reading.rows, given.rows);
        assert.deepEqual(
          reading.names,
          given.hasHeader ? given.header : given.header.map((_, index) => `column_${index + 1}`),
        );
        assert.deepEqual(
          reading.places,
          lines.map((line) => `line ${line}`),
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('agrees with csv-parse on files of any shape that both accept', async () => {
    const piece = fc.constantFrom('a', 'bc', ',', ',', '"', '""', '"x"', '\n', '\n', '\r\n', ' ', 'é');
    const text = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(''));
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        let expected: string[][];
        try {
          expected = parse(given, { skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] });
        } catch {
          return;
        }
        compared++;
        const records: string[][] = [];
        const tokenizer = new CsvTokenizer(
          { delimiter: Buffer.from(','), quote: 34, encoding: 'utf-8' },
          (record) => {
            assert.equal(record.problem, undefined);
            if (!record.blank)
              records.push(Array.from({ length: record.count }, (_, index) => record.text(index) ?? '?'));
          },
        );
        tokenizer.feed(Buffer.from(given));
        tokenizer.end();
        assert.deepEqual(records, expected);
      }),
      { numRuns: 3000 },
    );
    assert.ok(compared > 300, `only ${compared} texts were accepted by csv-parse`);
  });

  it('finds the same records at every cut of the bytes, malformed ones included', () => {
    const piece = fc.constantFrom('a', ',', ',', '"', '"', '\n', '\r', '\r\n', 'é', '|', '||');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), fc.constantFrom(',', '||'), (parts, delimiter) => {
        const bytes = Buffer.from(parts.join(''));
        const whole = tokenize([bytes], delimiter);
        for (let cut = 1; cut < bytes.length; cut++) {
          assert.deepEqual(tokenize([bytes.subarray(0, cut), bytes.subarray(cut)], delimiter), whole);
        }
        assert.deepEqual(
          tokenize(
            Array.from(bytes, (byte) => Buffer.of(byte)),
            delimiter,
          ),
          whole,
        );
      }),
      { numRuns: 500 },
    );
  });
});

function tokenize(pieces: readonly Uint8Array[], delimiter: string): string[] {
  const found: string[] = [];
  const tokenizer = new CsvTokenizer(
    { delimiter: Buffer.from(delimiter), quote: 34, encoding: 'utf-8' },
    (record) => {
      const fields =
        record.problem ??
        JSON.stringify(Array.from({ length: record.count }, (_, index) => record.text(index)));
      found.push(
        `${record.line}${record.blank ? ' blank' : ''}: ${fields} of ${JSON.stringify(record.preview())}`,
      );
    },
  );
  try {
    for (const piece of pieces) tokenizer.feed(piece);
    tokenizer.end();
  } catch (error) {
    found.push(String(error));
  }
  return found;
}

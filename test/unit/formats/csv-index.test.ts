import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { CsvFields } from '../../../extractors/formats/csv-fields';
import { CsvIndex } from '../../../extractors/formats/csv-index';
import { CsvTokenizer } from '../../../extractors/formats/csv-parser';
import { CsvPlainRecords, NO_RECORD } from '../../../extractors/formats/csv-plain-records';

const SLACK = Buffer.alloc(16, '"');

interface Found {
  readonly end: number;
  readonly count: number;
  readonly lineEnds: number;
  readonly fields: readonly number[];
}

interface Finder {
  readonly count: number;
  readonly lineEnds: number;
}

function found(by: Finder, end: number, fields: CsvFields): Found | undefined {
  if (end === NO_RECORD) return undefined;
  const { count, lineEnds } = by;
  return { end, count, lineEnds, fields: [...fields.packed.subarray(0, fields.end)] };
}

const DIALECTS = [
  { delimiter: ',', quote: '"' },
  { delimiter: ';', quote: "'" },
  { delimiter: '\t', quote: undefined },
] as const;

const text = fc
  .array(
    fc.constantFrom(
      ',',
      ';',
      '\t',
      '"',
      '""',
      '"a',
      'b",',
      "'",
      "''",
      '\n',
      '\r',
      '\r\n',
      'a',
      'é',
      '📦',
      '0123456789',
      ' ',
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''));

describe('CsvIndex', () => {
  it('finds the records that are found without it, in any order', () => {
    let records = 0;
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(1, 1, 40, 400),
        fc.constantFrom(...DIALECTS),
        fc.array(fc.nat(3000), { maxLength: 5 }),
        (once, times, { delimiter, quote }, jumps) => {
          const content = Buffer.from(once.repeat(times));
          const bytes = Buffer.concat([content, SLACK]);
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          const dialect = {
            encoding: 'utf-8',
            delimiter: Buffer.from(delimiter),
            quote: quote?.charCodeAt(0),
          } as const;
          const plain = CsvPlainRecords.of(dialect, 'script');
          const index = CsvIndex.of(delimiter.charCodeAt(0), quote?.charCodeAt(0) ?? -1);
          assert.ok(plain !== undefined && index !== undefined);
          for (const start of [0, ...jumps]) {
            for (let from = start; from < content.length;) {
              const [one, other] = [new CsvFields(), new CsvFields()];
              const expected = found(plain, plain.find(bytes, view, from, content.length, one), one);
              assert.deepEqual(found(index, index.take(bytes, from, content.length, other), other), expected);
              if (expected === undefined) break;
              records++;
              from = expected.end;
            }
          }
        },
      ),
      { numRuns: 1_000 },
    );
    assert.ok(records > 5_000, `${records} records`);
  });

  it('sees other bytes after it was told of them, and what another one has left', () => {
    const [one, other] = [CsvIndex.of(44, 34), CsvIndex.of(44, 34)];
    assert.ok(one !== undefined && other !== undefined);
    const bytes = Buffer.from('a,b\nc,d\ne,f\n');
    assert.equal(one.take(bytes, 0, bytes.length, new CsvFields()), 4);
    const longer = Buffer.from('long,er\nthan,what,was,there\n'.repeat(3));
    assert.equal(other.take(longer, 0, longer.length, new CsvFields()), 8);
    assert.equal(one.take(bytes, 4, bytes.length, new CsvFields()), 8);
    bytes.write('e,"\n"\n', 8);
    one.forget();
    const changed = Buffer.concat([bytes, Buffer.from('"\n')]);
    assert.equal(one.take(changed, 8, changed.length, new CsvFields()), 14);
  });

  it('leaves records to others that are longer than what it looks at, and goes on behind them', () => {
    const long = `${'x'.repeat(200_000)},y\n`;
    const bytes = Buffer.from(`a,b\n${long}c,d\n`);
    const index = CsvIndex.of(44, 34);
    assert.ok(index !== undefined);
    const fields = new CsvFields();
    assert.equal(index.take(bytes, 0, bytes.length, fields), 4);
    assert.equal(index.take(bytes, 4, bytes.length, fields), NO_RECORD);
    assert.equal(index.take(bytes, 4 + long.length, bytes.length, fields), bytes.length);
    assert.equal(fields.end, 8);
  });
});

describe('large CSV files', () => {
  const row = fc.array(
    fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('', '"quoted"', 'two\nlines', 'two\r\nlines', 'a,b', 'é📦', 'x'.repeat(3000)),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const written = (value: string): string =>
    /["\r\n,#]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

  it('are read as another program reads them, in pieces of any size, with comments between records', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 20, maxLength: 60 }),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 70_000, max: 400_000 }),
        (rows, lineEnd, size) => {
          // another text each time round, so that nothing repeats within a window
          const lines = Array.from({ length: 3_000 }, (_, index) => {
            const values = rows[(index * 7) % rows.length] ?? [];
            const comment = index % 500 === 499 ? `# it's a "comment${lineEnd}` : '';
            return `${comment}${[String(index), ...values].map(written).join(',')}${lineEnd}`;
          });
          const content = Buffer.from(lines.join(''));
          const records: (string | undefined)[][] = [];
          const tokenizer = new CsvTokenizer(
            { encoding: 'utf-8', delimiter: Buffer.from(','), quote: 34, comment: Buffer.from('#') },
            (record) => records.push(Array.from({ length: record.count }, (_, index) => record.text(index))),
          );
          for (let at = 0; at < content.length; at += size) tokenizer.feed(content.subarray(at, at + size));
          tokenizer.end();
          const expected = parse(content, {
            comment: '#',
            comment_no_infix: true,
            relax_column_count: true,
          });
          assert.deepEqual(records, expected);
        },
      ),
      { numRuns: 15 },
    );
  });
});

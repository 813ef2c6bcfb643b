import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FileRange } from '../../../core/plan';
import { csvReader } from '../../../extractors/formats/csv';
import type { FormatOptions } from '../../../extractors/formats/csv-dialect';
import { MemoryFile } from './memory-file';
import { rangesBetween, readPart, readRanges } from './read-by-ranges';

const { signal } = new AbortController();

const valueArbitrary = fc.oneof(
  fc.constantFrom(
    '',
    '""',
    '"',
    'a',
    '1',
    '"a""b"',
    '"x\ny"',
    '"x\r\ny"',
    '",\n"',
    '"\n"',
    'größe',
    '"\u{1f600}\n1,2\n"',
    'a"b',
  ),
  fc.string({ maxLength: 4 }),
  fc.string({ maxLength: 6 }).map((text) => `"${text.replaceAll('"', '""')}"`),
);

/** Mostly rows, some ragged, some blank, quotes anywhere. */
const csvArbitrary = fc
  .record({
    width: fc.integer({ min: 1, max: 3 }),
    records: fc.array(fc.array(valueArbitrary, { minLength: 3, maxLength: 3 }), { maxLength: 14 }),
    ragged: fc.array(fc.nat({ max: 20 }), { maxLength: 2 }),
    mark: fc.constantFrom('', '\ufeff'),
    before: fc.constantFrom('', '\n', '\n\r\n'),
    lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
    ends: fc.boolean(),
  })
  .map(({ width, records, ragged, mark, before, lineEnd, ends }) => {
    const header = ['id', 'größe', '"na\nme"'].slice(0, width).join(',');
    const lines = records.map((values, index) =>
      values.slice(0, ragged.includes(index) ? 3 - width : width).join(','),
    );
    return mark + before + [header, ...lines].join(lineEnd) + (ends ? lineEnd : '');
  });

/** What changes where records begin and end. */
const optionsArbitrary: fc.Arbitrary<FormatOptions> = fc.record(
  {
    has_header: fc.boolean(),
    escape: fc.constant('\\'),
    comment_prefix: fc.constant('#'),
    skip_lines: fc.nat({ max: 3 }),
    trim: fc.boolean(),
    quote: fc.constantFrom('', "'"),
    delimiter: fc.constantFrom('||', ';'),
    encoding: fc.constantFrom('latin1', 'windows-1252'),
  },
  { requiredKeys: [] },
);

async function rangesOf(
  content: string | Uint8Array,
  targetBytes: number,
  options: FormatOptions = {},
): Promise<readonly FileRange[]> {
  const file = new MemoryFile(Buffer.from(content));
  return (await csvReader(options).ranges?.(file, { bytes: targetBytes }, signal)) ?? [];
}

/** Asserts that the ranges hold the file row by row, and returns them. */
async function assertExact(
  content: string | Uint8Array,
  targetBytes: number,
  options: FormatOptions = {},
): Promise<readonly FileRange[]> {
  const file = new MemoryFile(Buffer.from(content));
  const reader = csvReader(options);
  const { columns } = await reader.describe(file, signal);
  const ranges = await rangesOf(content, targetBytes, options);
  const expected = await readPart(reader, file, columns);
  const actual = await readRanges(reader, file, columns, ranges);
  assert.deepEqual(await readRanges(reader, file, columns, ranges, true), actual);
  assert.ok(actual !== undefined);
  assert.deepEqual(actual.rows, expected.rows);
  assert.deepEqual(
    actual.rejected,
    expected.rejects.map(([, value]) => value),
  );
  assert.equal(actual.bytes, file.bytes);
  return ranges;
}

describe('ranges of CSV', () => {
  it('hold each row once, wherever the cuts are, or one of them is refused', async function () {
    this.timeout(20_000);
    let whole = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        csvArbitrary,
        fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        optionsArbitrary,
        async (text, places, atLines, options) => {
          const content = Buffer.from(text);
          const file = new MemoryFile(content);
          const reader = csvReader(options);
          const hasHeader = options.has_header ?? true;
          let expected: Awaited<ReturnType<typeof readPart>> | undefined;
          const columns = [
            { name: hasHeader ? 'id' : 'column_1', type: { kind: 'string' }, nullable: true },
            { name: hasHeader ? 'größe' : 'column_2', type: { kind: 'string' }, nullable: true },
          ] as const;
          try {
            expected = await readPart(reader, file, columns);
          } catch {
            expected = undefined;
          }
          const cuts = places
            .map((place) => place % content.length)
            .map((place) => (atLines ? content.indexOf(10, place) + 1 : place));
          const ranges = rangesBetween(content.length, cuts);
          const actual = await readRanges(reader, file, columns, ranges);
          assert.deepEqual(await readRanges(reader, file, columns, ranges, true), actual);
          if (actual === undefined) {
            refused++;
            return;
          }
          whole++;
          assert.deepEqual(actual.rows, expected?.rows);
          assert.deepEqual(
            actual.rejected,
            expected?.rejects.map(([, value]) => value),
          );
          assert.equal(actual.bytes, content.length);
        },
      ),
      { numRuns: 800 },
    );
    assert.ok(whole > 100 && refused > 100, `${whole} whole, ${refused} refused`);
  });

  it('are found where quoted fields hold text that looks like records', async () => {
    const rows = Array.from({ length: 4_000 }, (_, id) =>
      id % 3 === 0 ? `${id},"a, ""b""\nand,\n1,2,3\n\n",${id}\n` : `${id},"plain",x\n`,
    );
    const content = `id,text,n\n${rows.join('')}`;
    const ranges = await assertExact(content, 8_000);
    assert.equal(ranges.length, Math.floor(content.length / 8_000));
    for (const { bytes } of ranges) assert.ok(bytes < 17_000, String(bytes));
  });

  for (const [what, content, options] of [
    ['without quotes', `a,b\n${'1,x\n'.repeat(9_000)}`, {}],
    ['with CRLF', `a,b\r\n${'1,"x\r\ny"\r\n'.repeat(4_000)}`, {}],
    ['of one column', `a\n${'12345\n'.repeat(7_000)}`, {}],
    ['without a header', '1,x\n'.repeat(9_000), { has_header: false }],
    ['with some ragged rows', `a,b\n${`${'1,x\n'.repeat(99)}1\n`.repeat(90)}`, {}],
    ['with semicolons and no quotes', `a;b\n${'1;"x\n'.repeat(7_000)}`, { delimiter: ';', quote: '' }],
    ['in latin1', Buffer.from(`a,b\n${'1,größe\n'.repeat(5_000)}`, 'latin1'), { encoding: 'latin1' }],
    ['with a byte order mark', `\ufeffa,b\n${'1,"x"\n'.repeat(7_000)}`, {}],
    ['of tabs', `a\tb\n${'1\t"x\n"\n'.repeat(7_000)}`, { delimiter: '\t' }],
  ] as const) {
    it(`are found in a file ${what}`, async () => {
      assert.ok((await assertExact(content, 8_000, options)).length > 3);
    });
  }

  for (const [what, content, options] of [
    ['is UTF-16', Buffer.from(`\ufeffa,b\n${'1,x\n'.repeat(9_000)}`, 'utf16le'), {}],
    ['must be decoded', `a,b\n${'1,x\n'.repeat(9_000)}`, { encoding: 'shift_jis' }],
    ['ends its lines with carriage returns', `a,b\r${'1,x\r'.repeat(9_000)}`, {}],
    ['is one field', `a,b\n1,"${'1,x\n'.repeat(9_000).replaceAll(',', ';')}"\n`, {}],
    ['is one line', 'a,'.repeat(18_000), {}],
    ['holds nothing', '\n'.repeat(36_000), {}],
    ['is small', 'a,b\n1,2\n', {}],
    ['has quotes that may mean either', `a\n${'"\n"\n'.repeat(9_000)}`, {}],
  ] as const) {
    it(`are not made of a file that ${what}`, async () => {
      assert.ok((await rangesOf(content, 8_000, options)).length < 2);
    });
  }

  it('are refused, with what to do, where a field holds what looks like the whole table', async () => {
    const field = '1,x\n'.repeat(40_000);
    const content = `a,b\n${'1,y\n'.repeat(4_000)}1,"${field}"\n${'1,z\n'.repeat(4_000)}`;
    const file = new MemoryFile(Buffer.from(content));
    const ranges = await rangesOf(content, 64_000);
    assert.equal(ranges.length, 3);
    const reader = csvReader({});
    const { columns } = await reader.describe(file, signal);
    const [first] = ranges;
    await assert.rejects(readPart(reader, file, columns, first), {
      code: 'FORMAT_INVALID',
      hint: /split: \{ by: none \}/,
    });
  });

  it('name rows, rejects and open quotes by the line behind the byte where they begin', async () => {
    const file = new MemoryFile(Buffer.from('a,b\n1,x\n2\n"3\n",x\n4,x\n5,"\n'));
    const reader = csvReader({});
    const { columns } = await reader.describe(new MemoryFile(Buffer.from('a,b\n')), signal);
    const range = (start: number, end: number): FileRange => ({ by: 'byte', start, end, bytes: end - start });
    const part = await readPart(reader, file, columns, range(8, 21));
    assert.deepEqual(part.places, ['line 2 after byte 8', 'line 4 after byte 8']);
    assert.deepEqual(part.rejects, [['line 1 after byte 8', '2']]);
    await assert.rejects(readPart(reader, file, columns, range(21, file.bytes)), {
      code: 'FORMAT_INVALID',
      where: { row: 'line 1 after byte 21' },
    });
    await assert.rejects(readPart(csvReader({ ragged_rows: 'fail' }), file, columns, range(8, 21)), {
      code: 'FORMAT_INVALID',
      where: { row: 'line 1 after byte 8', value: '2' },
    });
  });

  it('are found with little reading', async () => {
    const content = Buffer.from(`a,b\n${'1,x\n'.repeat(500_000)}`);
    const file = new MemoryFile(content);
    let read = 0;
    file.slice = async (start, end) => {
      read += end - start;
      return content.subarray(start, end);
    };
    const ranges = (await csvReader({}).ranges?.(file, { bytes: 500_000 }, signal)) ?? [];
    assert.equal(ranges.length, 4);
    assert.ok(read <= (2 * 3 + 1) * 64 * 1024 + 3, String(read));
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonlReader } from '../../../extractors/formats/json';
import { MemoryFile } from './memory-file';
import { rangesBetween, readPart, readRanges } from './read-by-ranges';

const { signal } = new AbortController();
const COLUMNS = [{ name: 'a', type: { kind: 'json' }, nullable: true }] as const;

const lineArbitrary = fc.oneof(
  fc.json().map((json) => `{"a":${json}}`),
  fc.constantFrom(
    '',
    ' ',
    '[',
    '[{"a":1}',
    '{',
    '\ufeff{"a":"mark"}',
    '{"a":"größe\u{1f600}"}',
    'nonsense',
    '"\\n"',
  ),
);

describe('ranges of JSON lines', () => {
  it('hold each line once, wherever the cuts are, or a range is refused', async () => {
    let whole = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(lineArbitrary, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat({ max: 200 }), { maxLength: 4 }),
        fc.boolean(),
        async (lines, lineEnd, ends, places, atLines) => {
          const content = Buffer.from(`{"a":0}${lineEnd}${lines.join(lineEnd)}${ends ? lineEnd : ''}`);
          const file = new MemoryFile(content);
          const reader = jsonlReader();
          const cuts = places
            .map((place) => place % content.length)
            .map((place) => (atLines ? content.indexOf(10, place) + 1 : place));
          const expected = await readPart(reader, file, COLUMNS);
          const actual = await readRanges(reader, file, COLUMNS, rangesBetween(content.length, cuts));
          const isCut = cuts.every((cut) => cut === 0 || content[cut - 1] === 10);
          assert.equal(actual !== undefined, isCut);
          if (actual === undefined) return;
          whole++;
          assert.deepEqual(actual.rows, expected.rows);
          assert.deepEqual(
            actual.rejected,
            expected.rejects.map(([, value]) => value),
          );
          assert.equal(actual.bytes, content.length);
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(whole > 100);
  });

  it('are about as large as they should be, and begin behind line ends', async () => {
    const content = Buffer.from(Array.from({ length: 20_000 }, (_, id) => `{"a":${id}}\n`).join(''));
    const reads: [number, number][] = [];
    const file = new MemoryFile(content);
    file.slice = async (start, end) => {
      reads.push([start, end]);
      return content.subarray(start, end);
    };
    const ranges = (await jsonlReader().ranges?.(file, { bytes: 50_000 }, signal)) ?? [];
    assert.equal(ranges.length, Math.floor(content.length / 50_000));
    assert.equal(ranges[0]?.start, 0);
    assert.equal(ranges.at(-1)?.end, content.length);
    for (const { start, end, bytes } of ranges) {
      assert.ok(start === 0 || content[start - 1] === 10);
      assert.ok(bytes === end - start && bytes >= 49_000 && bytes < 100_000, String(bytes));
    }
    assert.equal(reads.length, ranges.length - 1);
    const read = await readRanges(jsonlReader(), file, COLUMNS, ranges);
    assert.equal(read?.rows.length, 20_000);
  });

  it('are one for a small file and for one of a single line', async () => {
    const reader = jsonlReader();
    const small = new MemoryFile(Buffer.from('{"a":1}\n{"a":2}\n'));
    assert.ok(((await reader.ranges?.(small, { bytes: 100 }, signal)) ?? []).length < 2);
    const long = new MemoryFile(Buffer.from(`{"a":"${'x'.repeat(100_000)}"}`));
    assert.ok(((await reader.ranges?.(long, { bytes: 10_000 }, signal)) ?? []).length < 2);
  });

  it('name rows and rejects by the line behind the byte where they begin', async () => {
    const file = new MemoryFile(Buffer.from('{"a":1}\n{"a":2}\n[\n{"a":3}\n'));
    const part = await readPart(jsonlReader(), file, COLUMNS, { by: 'byte', start: 8, end: 26, bytes: 18 });
    assert.deepEqual(part.places, ['line 1 after byte 8', 'line 3 after byte 8']);
    assert.deepEqual(part.rejects, [['line 2 after byte 8', '[']]);
    const first = await readPart(jsonlReader(), file, COLUMNS, { by: 'byte', start: 0, end: 8, bytes: 8 });
    assert.deepEqual(first.places, ['line 1']);
  });
});

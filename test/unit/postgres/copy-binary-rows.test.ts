import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CopyBinaryRows } from '../../../extractors/postgres/copy-binary-rows';
import { copyStream, int32 } from './copy-binary-writer';

const LIMITS = { maxRowBytes: 1 << 20 };

/** The rows as they were found, cut out of the bytes: each without the number of its fields. */
function find(
  chunks: readonly Buffer[],
  fields: number,
  limits = LIMITS,
): { rows: Buffer[]; found: CopyBinaryRows } {
  const found = new CopyBinaryRows(fields, limits);
  const rows: Buffer[] = [];
  for (const chunk of chunks) {
    const batch = found.push(chunk);
    if (batch === undefined) continue;
    let at = batch.start;
    for (let row = 0; row < batch.rows; row++) {
      let end = at + 2;
      for (let field = 0; field < fields; field++) end += 4 + Math.max(0, batch.view.getInt32(end));
      rows.push(Buffer.from(batch.bytes.subarray(at + 2, end)));
      at = end;
    }
  }
  return { rows, found };
}

function fieldsOf(row: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(row.flatMap((field) => (field === null ? [int32(-1)] : [int32(field.length), field])));
}

describe('postgres: CopyBinaryRows', () => {
  const row = fc.tuple(
    ...[0, 1].map(() => fc.option(fc.uint8Array({ maxLength: 9 }).map((it) => Buffer.from(it)))),
  );

  it('finds every row, wherever chunks are cut', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.nat(3),
        (rows, cuts, extension) => {
          const bytes = copyStream(rows, extension);
          const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
          const chunks = ends.map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)));
          const result = find(chunks, 2);
          assert.deepEqual(result.rows, rows.map(fieldsOf));
          assert.equal(result.found.rows, rows.length);
          assert.ok(result.found.sawTrailer);
          assert.equal(result.found.rest().length, 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds every row when each byte comes alone', () => {
    const rows = [
      [Buffer.from('ab'), null],
      [Buffer.alloc(0), Buffer.from('c')],
    ];
    const chunks = [...copyStream(rows, 2)].map((byte) => Buffer.of(byte));
    assert.deepEqual(find(chunks, 2).rows, rows.map(fieldsOf));
  });

  it('has no trailer where the stream was cut', () => {
    const bytes = copyStream([[Buffer.from('ab'), null]]);
    for (let end = 0; end < bytes.length; end++) {
      assert.equal(find([bytes.subarray(0, end)], 2).found.sawTrailer, false, `${end} bytes`);
    }
  });

  it('leaves a row that is too large, and what follows, to others', () => {
    const rows = [[Buffer.from('a')], [Buffer.alloc(100)], [Buffer.from('b')]];
    const bytes = copyStream(rows);
    const { rows: seen, found } = find([bytes.subarray(0, 60), bytes.subarray(60)], 1, { maxRowBytes: 50 });
    assert.equal(seen.length, 1);
    assert.ok(found.tooLarge);
    assert.equal(found.rest().readInt32BE(2), 100);
  });

  it('refuses what is not the format', () => {
    const good = copyStream([[Buffer.from('a')]]);
    const negative = Buffer.from(good);
    negative.writeInt32BE(-2, 21);
    const cases: [Buffer, RegExp][] = [
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /signature/],
      [copyStream([[null, null]]), /2 fields where 1/],
      [Buffer.concat([good, Buffer.of(0)]), /behind its end/],
      [negative, /-2 bytes/],
    ];
    for (const [bytes, why] of cases) {
      assert.throws(
        () => find([bytes], 1),
        (error: { why?: string }) => why.test(error.why ?? ''),
      );
    }
  });
});

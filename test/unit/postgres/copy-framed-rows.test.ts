import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CopyFrames } from '../../../core/clients/copy-frames';
import { BATCH_BYTES, type RowBatch } from '../../../core/extractor';
import { CopyBatches } from '../../../extractors/postgres/copy-batches';
import { CopyFramedRows } from '../../../extractors/postgres/copy-framed-rows';
import { decodeText } from '../../../extractors/postgres/field-decoders';
import type { RelationColumn } from '../../../extractors/postgres/relation';
import { pgMachine } from '../../../transforms/compiled/pg-machine';
import { copyStream } from './copy-binary-writer';

const COLUMNS = ['a', 'b'].map((name) => ({
  name,
  reading: { type: { kind: 'string' }, decode: decodeText, form: 'text' },
})) as unknown as RelationColumn[];

const field = fc.option(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 }));
const tables = fc.array(fc.tuple(field, field), { maxLength: 8 });
type Table = readonly (readonly (string | null)[])[];

const streamOf = (rows: Table): Buffer =>
  copyStream(rows.map((row) => row.map((text) => (text === null ? null : Buffer.from(text)))));

/** Messages of these contents, behind a few bytes of something else. */
function frames(contents: readonly Buffer[]): CopyFrames {
  const pieces = contents.flatMap((content) => {
    const head = Buffer.alloc(5, 'd');
    head.writeUInt32BE(4 + content.length, 1);
    return [head, content];
  });
  const bytes = Buffer.concat([Buffer.from('xyz'), ...pieces]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes, view, start: 3, end: bytes.length };
}

/** Header, rows and trailer, each row a message of its own; the header with the first row, or before it. */
function asServed(rows: Table, headerAlone: boolean): Buffer[] {
  const header = streamOf([]).subarray(0, -2);
  const contents = rows.map((row) => streamOf([row]).subarray(header.length, -2));
  const messages = [...contents, Buffer.from([0xff, 0xff])];
  if (headerAlone) return [header, ...messages];
  return [Buffer.concat([header, messages[0] ?? Buffer.alloc(0)]), ...messages.slice(1)];
}

function cellsOf(batch: RowBatch): (string | null)[][] {
  const { raw } = batch;
  if (raw === undefined)
    return batch.rows.map((row) => row.map((cell) => (cell === null ? null : String(cell))));
  assert.ok(raw.wire === 'pg-copy');
  const rows: (string | null)[][] = [];
  let at = raw.start;
  for (let index = 0; index < raw.rows; index++) {
    at += 2;
    const row: (string | null)[] = [];
    for (let column = 0; column < 2; column++) {
      const length = raw.view.getInt32(at);
      at += 4;
      row.push(length === -1 ? null : raw.bytes.toString('latin1', at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
    at += raw.gap;
  }
  return rows;
}

function read(pieces: readonly (CopyFrames | Buffer)[], takesRaw = true): { rows: Table; gaps: number[] } {
  const batches = new CopyBatches(COLUMNS, [0], takesRaw);
  const found = pieces.flatMap((piece) => [...batches.push(piece)]);
  const last = batches.take();
  if (last !== undefined) found.push(last);
  const rows = found.flatMap(cellsOf);
  assert.ok(batches.sawTrailer);
  assert.equal(batches.rows, rows.length);
  return { rows, gaps: found.flatMap(({ raw }) => (raw?.wire === 'pg-copy' ? [raw.gap] : [])) };
}

describe('postgres: rows within messages', () => {
  it('are found where each message is a row, without a copy', () => {
    fc.assert(
      fc.property(tables, fc.boolean(), fc.nat(9), (rows, headerAlone, cut) => {
        const messages = asServed(rows, headerAlone);
        const pieces = [messages.slice(0, cut), messages.slice(cut)].filter(({ length }) => length > 0);
        const result = read(pieces.map(frames));
        assert.deepEqual(result.rows, rows);
        assert.ok(result.gaps.every((gap) => gap === 5));
        assert.deepEqual(read(pieces.map(frames), false).rows, rows);
      }),
      { numRuns: 300 },
    );
  });

  it('are found when messages are cut anywhere, and when some come in pieces', () => {
    fc.assert(
      fc.property(tables, fc.array(fc.nat(), { maxLength: 6 }), fc.nat(3), (rows, cuts, kept) => {
        const bytes = streamOf(rows);
        const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
        const contents = ends.map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)));
        assert.deepEqual(read([frames(contents)]).rows, rows);
        assert.deepEqual(read([frames(contents)], false).rows, rows);
        const served = asServed(rows, false);
        const mixed = [frames(served.slice(0, kept)), ...served.slice(kept)];
        assert.deepEqual(read(mixed).rows, rows);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same with WebAssembly and without, and so is where they cease, whatever the messages hold', () => {
    const machine = pgMachine();
    assert.ok(machine !== undefined);
    let whole = 0;
    let odd = 0;
    fc.assert(
      fc.property(
        tables,
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
        (...drawn) => {
          const [rows, headerAlone, changes] = drawn;
          const messages = asServed(rows, headerAlone);
          for (const [at, value] of changes) {
            const message = messages[1 + (at % messages.length)];
            if (message !== undefined) message[(at >> 4) % message.length] = value;
          }
          const piece = frames(messages);
          const readers = [new CopyFramedRows(2, machine), new CopyFramedRows(2, undefined)] as const;
          const [found, expected] = readers.map((reader) => {
            const { start, rows: count } = reader.find(piece) ?? {};
            return {
              start,
              count,
              rows: reader.rows,
              trailer: reader.sawTrailer,
              stoppedAt: reader.stoppedAt,
            };
          });
          assert.deepEqual(found, expected);
          if (readers[1].stoppedAt === piece.end) whole++;
          else odd++;
        },
      ),
      { numRuns: 3_000 },
    );
    assert.ok(whole > 300 && odd > 300, `${whole} pieces of rows alone, ${odd} others`);
  });

  it('cease where a message has fewer bytes than its fields say, whatever is behind it', () => {
    const rest = [Buffer.alloc(50, 0x7f), Buffer.alloc(4_100, 0x7f)];
    const cases: [number, Buffer][] = [
      [3, Buffer.from([0, 3, 0, 0, 0, 1, 0x78, 0x7f, 0x7f])],
      [3, Buffer.from([0, 3, 0, 0, 0, 9, 0x78])],
      // the second byte of the number of fields would be the kind of the message behind it
      [0x64, Buffer.of(0)],
      [0x64, Buffer.alloc(0)],
    ];
    for (const [fields, short] of cases) {
      for (const machine of [pgMachine(), undefined]) {
        const reader = new CopyFramedRows(fields, machine);
        reader.hasBegun = true;
        assert.equal(reader.find(frames([short, ...rest])), undefined);
        assert.equal(reader.stoppedAt, 3);
      }
    }
  });

  it('are found in pieces that have more bytes than WebAssembly takes', () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => [String(index), 'x'.repeat(4_000)]);
    const reader = new CopyFramedRows(2, pgMachine());
    const piece = frames(asServed(rows, true));
    assert.equal(reader.find(piece)?.rows, rows.length);
    assert.equal(reader.stoppedAt, piece.end);
  });

  it('become cells some at a time, however large the piece is', () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => [String(index), 'x'.repeat(1_000)]);
    for (const piece of [frames(asServed(rows, false)), streamOf(rows)]) {
      const batches = new CopyBatches(COLUMNS, [0], false);
      const sizes: number[] = [];
      let made = 0;
      for (const batch of batches.push(piece)) {
        sizes.push(batch.bytes);
        made += batch.rows.length;
        assert.equal(batches.rows, made, 'no more was decoded than was asked for');
      }
      assert.ok(sizes.length >= 7 && sizes.every((size) => size < 2 * BATCH_BYTES), sizes.join());
      assert.equal(made + (batches.take()?.rows.length ?? 0), rows.length);
    }
  });

  it('are refused where they are not rows of this table', () => {
    const [first = Buffer.alloc(0), ...others] = asServed(
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      true,
    );
    const wrongCount = Buffer.from(others[1] ?? '');
    wrongCount.writeInt16BE(3);
    const cases: [Buffer[], RegExp][] = [
      [[Buffer.from('HTTP/1.1 400 Bad Request')], /signature/],
      [[first, others[0] ?? first, wrongCount], /3 fields where 2/],
      [[first, ...others, others[0] ?? first], /behind its end/],
    ];
    for (const [contents, why] of cases) {
      assert.throws(
        () => read([frames(contents)]),
        (error: { why?: string }) => why.test(error.why ?? ''),
      );
    }
  });
});

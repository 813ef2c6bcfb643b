import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RowPackets } from '../../../core/clients/mysql-row-packets';
import { BeamliftError } from '../../../core/errors';
import { packets, rowOf } from './text-protocol';

const END = Buffer.from('fe00000200', 'hex');
const MAX_ROW_BYTES = 64 * 1024 * 1024;

interface Found {
  /** Contents of rows, in order. */
  readonly rows: Buffer[];
  /** The first byte and the number of each other packet. */
  readonly others: string[];
  /** Rows that were given at a time; those of several packets count as one. */
  readonly batches: number[];
}

/** Packets of an answer with two columns: their number, both, the end of them, rows, and the end of those or an error. */
function answer(rows: readonly Buffer[], last = END): Buffer {
  let number = 1;
  const head = [Buffer.of(2), Buffer.from('first'), Buffer.from('second'), END];
  return Buffer.concat(
    [...head, ...rows, last].map((content) => {
      const packet = packets(content, number);
      number += 1 + Math.floor(content.length / 0xff_ffff);
      return packet;
    }),
  );
}

/** What is found where `chunks` come one behind the other; `inPlace`: where the finder says. */
function find(chunks: Iterable<Buffer>, inPlace: boolean, maxRowBytes = MAX_ROW_BYTES): Found {
  const found: Found = { rows: [], others: [], batches: [] };
  const pending: (() => void)[] = [];
  let others = 0;
  const receiver = {
    other: (packet: Buffer, number: number): boolean => {
      found.others.push(`${packet[4]} ${number}`);
      return ++others === 4;
    },
    // looked at as late as they may be
    rows: (bytes: Buffer, view: DataView, start: number, end: number, rows: number): void => {
      pending.push(() => {
        let at = start;
        for (let row = 0; row < rows; row++) {
          const next = at + 4 + (view.getUint32(at, true) & 0xff_ffff);
          found.rows.push(Buffer.from(bytes.subarray(at + 4, next)));
          at = next;
        }
        assert.equal(at, end);
        found.batches.push(rows);
      });
    },
    longRow: (row: Buffer): void => {
      pending.push(() => {
        found.rows.push(row);
        found.batches.push(1);
      });
    },
  };
  const tooLong = (): BeamliftError => new BeamliftError('LIMIT_EXCEEDED', { what: 'too long' });
  const finder = new RowPackets(receiver, maxRowBytes, tooLong);
  const takeAll = (goOn: boolean): void => {
    for (let goes = goOn; !goes;) {
      while (pending.length > 0) pending.shift()?.();
      goes = finder.goOn();
    }
  };
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      let piece = chunk.subarray(at);
      if (inPlace) {
        const room = finder.room();
        piece = room.subarray(0, chunk.copy(room, 0, at));
      }
      at += piece.length;
      takeAll(finder.received(piece));
    }
  }
  while (pending.length > 0) pending.shift()?.();
  return found;
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const value = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.nat({ max: 70_000 }).map((length) => Buffer.alloc(length, 0xfe)),
);
const rowsOfTwo = fc.array(fc.tuple(value, value).map(rowOf), { maxLength: 30 });

describe('packets of rows of MySQL', () => {
  it('are found wherever the bytes are cut', () => {
    fc.assert(
      fc.property(rowsOfTwo, fc.integer({ min: 1, max: 100_000 }), fc.boolean(), (rows, size, inPlace) => {
        const found = find(cut(answer(rows), size), inPlace);
        assert.deepEqual(found.rows, rows);
        const last = (rows.length + 5) & 0xff;
        assert.deepEqual(found.others, ['2 1', '102 2', '115 3', '254 4', `254 ${last}`]);
      }),
      { numRuns: 150 },
    );
  });

  it('are found where each byte comes by itself', () => {
    const rows = [
      [Buffer.from('a'), null],
      [null, Buffer.alloc(300, 0xff)],
    ].map(rowOf);
    for (const inPlace of [false, true]) assert.deepEqual(find(cut(answer(rows), 1), inPlace).rows, rows);
  });

  it('are given a batch at a time', () => {
    const row = rowOf([Buffer.alloc(500, 1), null]);
    const found = find(cut(answer(Array.from({ length: 3000 }, () => row)), 65_536), true);
    assert.equal(found.rows.length, 3000);
    assert.ok(found.batches.length >= 4 && found.batches.every((rows) => rows * row.length < 600_000));
  });

  it('of one row are joined, in their place among the others', () => {
    const [short, long] = [rowOf([Buffer.from('x'), null]), rowOf([Buffer.alloc(40_000_000, 7), null])];
    const exact = Buffer.alloc(0xff_ffff, 1);
    for (const rows of [[short, long, short, short], [long], [exact, short], [short, exact, long]]) {
      assert.ok(
        find(cut(answer(rows), 1_000_000), true).rows.every((row, index) => rows[index]?.equals(row)),
      );
    }
  });

  it('are too long before all of them are there', () => {
    const bytes = answer([rowOf([Buffer.alloc(5000, 1), null])]).subarray(0, 2000);
    assert.throws(() => find([bytes], false, 1000), { code: 'LIMIT_EXCEEDED' });
  });

  it('end with an error as with the end', () => {
    const rows = [rowOf([Buffer.from('x'), null])];
    const found = find([answer(rows, Buffer.from('ff2805', 'hex'))], false);
    assert.deepEqual(found.rows, rows);
    assert.equal(found.others.at(-1), '255 6');
  });

  it('are missed', () => {
    const rows = ['a', 'b', 'c'].map((text) => rowOf([Buffer.from(text), null]));
    const bytes = answer(rows);
    const second = bytes.indexOf(rows[1] ?? '') - 4;
    const without = Buffer.concat([bytes.subarray(0, second), bytes.subarray(second + 4 + 3)]);
    assert.throws(() => find([without], false), { code: 'SOURCE_INCOMPLETE' });
  });
});

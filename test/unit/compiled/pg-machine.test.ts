import assert from 'node:assert/strict';
import { pgMachine } from '../../../transforms/compiled/pg-machine';

/** A row of two fields in a message of its own: of these bytes, and null. */
function message(length: number): Buffer {
  const bytes = Buffer.alloc(15 + length, 0xff);
  bytes.write('d');
  bytes.writeUInt32BE(bytes.length - 1, 1);
  bytes.writeUInt16BE(2, 5);
  bytes.writeInt32BE(length, 7);
  return bytes;
}

describe('compiled: what the machine of PostgreSQL holds', () => {
  const machine = pgMachine();
  assert.ok(machine !== undefined);
  const { input } = machine.exports;
  const messages = [3, 0, 40, 7].map(message);
  const bytes = Buffer.concat([Buffer.from('before'), ...messages, Buffer.from('d behind')]);
  const end = bytes.length - 'd behind'.length;
  /** Where rows begin in the memory, and where the one behind them would. */
  const starts = [...messages, Buffer.alloc(0)].map(
    (_, index) => input + 5 + messages.slice(0, index).reduce((sum, { length }) => sum + length, 0),
  );

  it('is rows at their places, from any on, as far as they go', () => {
    const holder = {};
    assert.deepEqual(machine.findFrames(holder, bytes, 6, end, 2), { rows: 4, end });
    assert.deepEqual(machine.held, { holder, from: 6, to: end });
    assert.deepEqual(
      starts.map((_, row) => machine.startOf(row)),
      starts,
    );
    starts.slice(0, 4).forEach((start, row) => {
      assert.equal(machine.rowAt(start), row);
      assert.equal(machine.rowAt(start + 1), -1);
      const next = starts[row + 1] ?? 0;
      assert.equal(machine.rowsUntil(row, next - 5), 1);
      assert.equal(machine.rowsUntil(row, next - 6), 0);
      assert.equal(machine.rowsUntil(0, next - 5), row + 1);
    });
    assert.equal(machine.rowAt(starts[4] ?? 0), -1);
  });

  it('is no rows any more once it holds something else, or rows that are not in messages', () => {
    const [first = 0] = starts;
    machine.findFrames({}, bytes, 6, end, 2);
    machine.hold({}, bytes, 6, end);
    assert.equal(machine.rowAt(first), -1);
    machine.findFrames({}, bytes, 6, end, 2);
    assert.equal(machine.indexRows(2, first, input + end - 6, 5, 3), 3);
    assert.equal(machine.rowAt(first), -1);
    assert.equal(machine.startOf(3), starts[3]);
    machine.forget();
    assert.equal(machine.held, undefined);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Column, ColumnType } from '../../../core/schema';
import { compareCursors, cursorText, shiftCursor } from '../../../launcher/cursor';
import { instantIn, wallClockIn } from '../../../launcher/timezone';

function column(type: ColumnType): Column {
  return { name: 'at', type, nullable: false };
}
const timestamp = column({ kind: 'timestamp', unit: 'us' });
const datetime = column({ kind: 'datetime', unit: 'us' });
const date = column({ kind: 'date' });
const int = column({ kind: 'int', bits: 64 });

describe('cursorText', () => {
  const cases: [Column, string, string, string][] = [
    [timestamp, '2024-07-01', 'UTC', '2024-07-01T00:00:00.000000Z'],
    [timestamp, '2024-07-01', 'Europe/Warsaw', '2024-06-30T22:00:00.000000Z'],
    [timestamp, '2024-07-01T10:00:00+05:30', 'Europe/Warsaw', '2024-07-01T04:30:00.000000Z'],
    [timestamp, '2024-07-01 10:00:00.1234567Z', 'UTC', '2024-07-01T10:00:00.123456Z'],
    [datetime, '2024-07-01T10:00', 'Europe/Warsaw', '2024-07-01T10:00:00.000000'],
    [datetime, '2024-07-01T10:00:00Z', 'Europe/Warsaw', '2024-07-01T12:00:00.000000'],
    [date, '2024-02-29', 'UTC', '2024-02-29'],
    [date, '2024-06-30T23:30:00Z', 'Europe/Warsaw', '2024-07-01'],
    [int, '9223372036854775807', 'UTC', '9223372036854775807'],
    [int, '0042', 'UTC', '42'],
  ];
  for (const [type, written, zone, expected] of cases) {
    it(`${type.type.kind}: ${written} in ${zone} is ${expected}`, () => {
      assert.equal(cursorText(written, type, zone, 'field'), expected);
    });
  }

  for (const [type, written] of [
    [timestamp, '2023-02-29'],
    [timestamp, ''],
    [date, '2023-13-01'],
    [int, '1.5'],
    [int, "1'; DROP TABLE x"],
  ] as const) {
    it(`${type.type.kind}: refuses "${written}"`, () => {
      assert.throws(() => cursorText(written, type, 'UTC', 'field'), /field is/);
    });
  }
});

describe('compareCursors', () => {
  it('orders fractions by value and not by text', () => {
    assert.equal(compareCursors(timestamp, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5Z'), -1);
    assert.equal(compareCursors(timestamp, '2024-01-01T00:00:00Z', '2024-01-01T00:00:00.000000Z'), 0);
    assert.equal(compareCursors(int, '9', '10'), -1);
  });
});

describe('shiftCursor', () => {
  it('moves instants by seconds and dates by whole days', () => {
    assert.equal(shiftCursor('2024-03-01T00:00:00.000001Z', timestamp, -60), '2024-02-29T23:59:00.000001Z');
    assert.equal(shiftCursor('2024-03-01', date, -3600), '2024-02-29');
    assert.equal(shiftCursor('17', int, -60), '17');
  });
});

describe('timezone', () => {
  it('takes the first of two equal wall clocks, and goes on after a skipped one', () => {
    const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;
    assert.equal(instantIn('Europe/Warsaw', micros('2024-10-27T02:30:00Z')), micros('2024-10-27T00:30:00Z'));
    assert.equal(instantIn('Europe/Warsaw', micros('2024-03-31T02:30:00Z')), micros('2024-03-31T01:30:00Z'));
  });

  it('comes back to the same instant, but where a wall clock comes twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000_000 }),
        fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Australia/Lord_Howe'),
        (seconds, zone) => {
          const instant = BigInt(seconds) * 1_000_000n + 123n;
          const wall = wallClockIn(zone, instant);
          const back = instantIn(zone, wall);
          assert.equal(wallClockIn(zone, back), wall);
          assert.ok(back <= instant);
        },
      ),
      { numRuns: 200 },
    );
  });
});

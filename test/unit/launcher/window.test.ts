import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { UpperBound } from '../../../core/extractor';
import type { Column } from '../../../core/schema';
import { decideWindow, describeWindow, type WindowInput } from '../../../launcher/window';

const createdAt: Column = { name: 'created_at', type: { kind: 'timestamp', unit: 'us' }, nullable: true };
const id: Column = { name: 'id', type: { kind: 'int', bits: 64 }, nullable: false };

function upTo(value: string, inclusive = false): UpperBound {
  return { bound: { value, inclusive }, commitSafe: true, reason: '', nullRows: 0 };
}

type Changes = Partial<Omit<WindowInput, 'job'>> & { job?: Partial<WindowInput['job']> };

function input(changes: Changes): WindowInput {
  return {
    column: createdAt,
    watermark: null,
    intervals: [],
    upper: upTo('2025-06-01T00:00:00.000000Z'),
    fullRefresh: false,
    startDate: undefined,
    endDate: undefined,
    append: true,
    ...changes,
    job: {
      name: 'orders',
      loadType: 'transactional',
      historicalStartDate: undefined,
      lastSyncValue: undefined,
      lookbackSeconds: 0,
      timezone: 'UTC',
      ...changes.job,
    },
  };
}

describe('decideWindow', () => {
  it('reads everything below the upper end on the first run', () => {
    const { window, nextWatermark, empty } = decideWindow(input({}));
    assert.equal(describeWindow(window), 'created_at < 2025-06-01T00:00:00.000000Z');
    assert.equal(nextWatermark, '2025-06-01T00:00:00.000000Z');
    assert.equal(empty, false);
  });

  it('begins at historical_start_date, in the timezone of the job', () => {
    const { window } = decideWindow(
      input({ job: { historicalStartDate: '2024-01-01', timezone: 'Europe/Warsaw' } }),
    );
    assert.deepEqual(window.lower, { value: '2023-12-31T23:00:00.000000Z', inclusive: true });
  });

  it('begins at the watermark, included, and says where last_sync_value differs', () => {
    const decision = decideWindow(
      input({ watermark: '2025-05-01T00:00:00.000000Z', job: { lastSyncValue: '2025-01-01' } }),
    );
    assert.deepEqual(decision.window.lower, { value: '2025-05-01T00:00:00.000000Z', inclusive: true });
    assert.match(decision.notices.join(), /the state decides/);
  });

  it('begins after last_sync_value when there is no state', () => {
    const { window } = decideWindow(
      input({ job: { lastSyncValue: '2025-01-01', historicalStartDate: '2020-01-01' } }),
    );
    assert.deepEqual(window.lower, { value: '2025-01-01T00:00:00.000000Z', inclusive: false });
  });

  it('keeps the watermark when the window is empty', () => {
    const same = decideWindow(input({ watermark: '2025-06-01T00:00:00.000000Z' }));
    assert.equal(same.empty, true);
    assert.equal(same.nextWatermark, null);
    const noRows = decideWindow(input({ upper: { ...upTo(''), bound: null } }));
    assert.equal(noRows.empty, true);
  });

  it('excludes the watermark of a cursor whose upper ends are inclusive', () => {
    const { window, empty } = decideWindow(input({ column: id, watermark: '10', upper: upTo('10', true) }));
    assert.deepEqual(window.lower, { value: '10', inclusive: false });
    assert.equal(empty, true);
    assert.equal(decideWindow(input({ column: id, watermark: '9', upper: upTo('10', true) })).empty, false);
  });

  it('looks back only when merging', () => {
    const merging = decideWindow(
      input({
        watermark: '2025-05-01T00:00:00.000000Z',
        append: false,
        job: { loadType: 'merge', lookbackSeconds: 3600 },
      }),
    );
    assert.equal(merging.window.lower?.value, '2025-04-30T23:00:00.000000Z');
  });

  it('moves no watermark for flags, and refuses to append an interval twice', () => {
    const backfill = { startDate: '2023-01-01', endDate: '2023-02-01' };
    const first = decideWindow(
      input({
        ...backfill,
        watermark: '2025-05-01T00:00:00.000000Z',
        job: { historicalStartDate: '2024-01-01' },
      }),
    );
    assert.equal(first.nextWatermark, null);
    assert.equal(first.backfill, true);
    const again = input({ ...backfill, intervals: [first.window] });
    assert.throws(
      () => decideWindow(again),
      (error) => error instanceof BeamliftError && error.code === 'PLAN_REFUSED',
    );
    assert.throws(() => decideWindow(input({ ...backfill, watermark: '2025-05-01T00:00:00.000000Z' })));
    decideWindow(input({ ...backfill, append: false, watermark: '2025-05-01T00:00:00.000000Z' }));
  });

  it('caps --end-date at what is safe to read', () => {
    const { window, notices } = decideWindow(input({ startDate: '2025-05-01', endDate: '2030-01-01' }));
    assert.equal(window.upper?.value, '2025-06-01T00:00:00.000000Z');
    assert.match(notices.join(), /later than what is safe/);
  });

  it('refuses what is not a date, naming the field', () => {
    assert.throws(
      () => decideWindow(input({ startDate: 'yesterday' })),
      (error) => error instanceof BeamliftError && error.what.includes('--start-date is "yesterday"'),
    );
  });

  it('covers every instant exactly once over any sequence of runs', () => {
    const instant = fc
      .date({ min: new Date('2020-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().replace('Z', '000Z'));
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 8 }), fc.array(instant), (uppers, rows) => {
        const seen = new Map<string, number>();
        let watermark: string | null = null;
        for (const upper of uppers) {
          const decision = decideWindow(input({ watermark, upper: upTo(upper) }));
          if (decision.empty) continue;
          for (const row of new Set(rows)) {
            const { lower, upper: end } = decision.window;
            if ((lower === null || row >= lower.value) && end !== null && row < end.value) {
              seen.set(row, (seen.get(row) ?? 0) + 1);
            }
          }
          watermark = decision.nextWatermark ?? watermark;
        }
        for (const row of new Set(rows)) {
          const expected = watermark !== null && row < watermark ? 1 : 0;
          assert.equal(seen.get(row) ?? 0, expected, row);
        }
      }),
      { numRuns: 300 },
    );
  });
});

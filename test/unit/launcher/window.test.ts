import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BeamliftError } from '../../../core/errors';
import type { UpperBound } from '../../../core/extractor';
import type { Window } from '../../../core/plan';
import type { Column } from '../../../core/schema';
import {
  decideWindow,
  describeWindow,
  type WindowDecision,
  type WindowInput,
} from '../../../launcher/window';

const createdAt: Column = { name: 'created_at', type: { kind: 'timestamp', unit: 'us' }, nullable: true };
const date: Column = { name: 'day', type: { kind: 'date' }, nullable: false };
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

  it('counts the watermark of an inclusive cursor as published', () => {
    const again = input({ column: date, watermark: '2025-01-10', upper: upTo('2025-01-20', true) });
    const from = (startDate: string): WindowInput => ({ ...again, startDate, endDate: '2025-01-15' });
    assert.throws(() => decideWindow(from('2025-01-10')), /already published/);
    assert.equal(decideWindow(from('2025-01-11')).backfill, true);
  });

  it('counts what last_sync_value began with as published', () => {
    const changes = {
      watermark: '2025-05-01T00:00:00.000000Z',
      startDate: '2024-03-01',
      endDate: '2024-04-01',
    };
    const job = { historicalStartDate: '2025-01-01', lastSyncValue: '2024-01-01' };
    assert.throws(() => decideWindow(input({ ...changes, job })), /already published/);
  });

  it('records no interval in which nothing could be', () => {
    const nothing = { ...upTo(''), bound: null };
    const { empty, backfill } = decideWindow(input({ startDate: '2025-01-01', upper: nothing }));
    assert.deepEqual([empty, backfill], [true, false]);
  });

  it('leaves the order of texts to the source', () => {
    const name: Column = { name: 'name', type: { kind: 'string' }, nullable: false };
    const decision = decideWindow(input({ column: name, watermark: 'a', upper: upTo('B', true) }));
    assert.deepEqual([decision.empty, decision.nextWatermark], [false, 'B']);
    assert.equal(decideWindow(input({ column: name, watermark: 'B', upper: upTo('B', true) })).empty, true);
    assert.throws(
      () => decideWindow(input({ column: name, startDate: 'a', upper: upTo('B', true) })),
      /appended/,
    );
  });

  it('orders decimals as numbers', () => {
    const number: Column = { name: 'n', type: { kind: 'decimal' }, nullable: false };
    const empty = (watermark: string, upper: string): boolean =>
      decideWindow(input({ column: number, watermark, upper: upTo(upper, true) })).empty;
    assert.deepEqual(
      [empty('9', '10'), empty('10', '9'), empty('1.50', '1.5'), empty('-1.5', '-1.25'), empty('-1', '-2')],
      [false, true, true, false, true],
    );
  });

  it('never moves the watermark back, however far it looks back', () => {
    const { nextWatermark, window } = decideWindow(
      input({
        watermark: '2025-06-01T00:00:01.000000Z',
        append: false,
        job: { loadType: 'merge', lookbackSeconds: 3600 },
      }),
    );
    assert.equal(window.upper?.value, '2025-06-01T00:00:00.000000Z');
    assert.equal(nextWatermark, '2025-06-01T00:00:01.000000Z');
  });

  it('publishes every day at most once over any runs and backfills, and all of them in the end', () => {
    const DAYS = 40;
    const text = (day: number): string => new Date(Date.UTC(2025, 0, 1 + day)).toISOString().slice(0, 10);
    const day = fc.integer({ min: 0, max: DAYS });
    const run = fc.record({ now: fc.nat(5), from: fc.option(day), to: fc.option(day) });
    const schedule = fc.record({ runs: fc.array(run, { maxLength: 12 }), start: fc.option(day) });
    fc.assert(
      fc.property(schedule, fc.boolean(), ({ runs, start }, inclusive) => {
        const loaded = new Map<string, number>();
        let [watermark, now]: [string | null, number] = [null, 5];
        const intervals: Window[] = [];
        const job = start === null ? {} : { historicalStartDate: text(start) };
        const once = (flags: Pick<Changes, 'startDate' | 'endDate'>): WindowDecision | undefined => {
          const upper = upTo(text(now), inclusive);
          const asked = input({ column: date, watermark, intervals, upper, job, ...flags });
          let decision: WindowDecision;
          try {
            decision = decideWindow(asked);
          } catch (error) {
            assert.ok(error instanceof BeamliftError && error.code === 'PLAN_REFUSED', String(error));
            return undefined;
          }
          if (decision.empty) return decision;
          for (let index = -1; index <= now; index++) {
            const value = text(index);
            if (covers(decision.window, value)) loaded.set(value, (loaded.get(value) ?? 0) + 1);
          }
          if (decision.backfill) intervals.push(decision.window);
          watermark = decision.nextWatermark ?? watermark;
          return decision;
        };
        for (const { now: later, from, to } of runs) {
          now += later;
          once({
            ...(from === null ? {} : { startDate: text(from) }),
            ...(to === null ? {} : { endDate: text(to) }),
          });
          for (const [value, times] of loaded) assert.equal(times, 1, value);
        }
        for (let rest = 0; rest <= intervals.length + 1; rest++) once({});
        const last = inclusive ? now : now - 1;
        for (let index = start ?? -1; index <= last; index++)
          assert.equal(loaded.get(text(index)), 1, text(index));
        for (const [value, times] of loaded) assert.equal(times, 1, value);
      }),
      { numRuns: 2000 },
    );
  });
});

function covers({ lower, upper }: Window, value: string): boolean {
  if (lower !== null && (lower.inclusive ? value < lower.value : value <= lower.value)) return false;
  return upper !== null && (upper.inclusive ? value <= upper.value : value < upper.value);
}

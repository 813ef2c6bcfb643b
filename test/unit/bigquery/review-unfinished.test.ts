import assert from 'node:assert/strict';
import { reviewUnfinished } from '../../../loaders/bigquery/review-unfinished';
import { newStateDocument, type StateRun } from '../../../loaders/bigquery/state-document';

const NOW = '2026-01-01T00:00:00.000Z';

function noticesOf(state: StateRun['state'] | undefined, running: boolean): string[] {
  const run = state && { id: 'run-1', state, startedAt: NOW, reason: null, intent: null };
  const holder = { host: 'h', pid: 1, started: null };
  const document = {
    ...newStateDocument('orders', 'f', null),
    nonce: 'n',
    lease: { runId: 'run-1', holder, startedAt: NOW, cancelRequested: false },
    run: run ?? null,
  };
  const kept = { document, generation: '1', ageMs: 0 };
  return reviewUnfinished(kept, { runId: '', isRunning: () => running });
}

describe('what a plan says about the run in progress', () => {
  it('is nothing where there is none', () => {
    for (const state of [undefined, 'committed', 'failed', 'timed_out', 'cancelled'] as const) {
      assert.deepEqual(noticesOf(state, true), []);
    }
  });

  it('tells whether it goes on, is left, or waits for a person', () => {
    assert.match(noticesOf('staging', true)[0] ?? '', /run-1 .*is going on/);
    assert.match(
      noticesOf('committing', false)[0] ?? '',
      /run-1 .*its process is gone: the next run finishes/,
    );
    assert.match(noticesOf('needs_attention', false)[0] ?? '', /run-1 needs attention.*runs show run-1/);
  });
});

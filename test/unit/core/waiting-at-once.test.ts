import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { SYSTEM_CLOCK } from '../../../core/clients/system-clock';
import { BeamliftError } from '../../../core/errors';
import { withRetries } from '../../../core/with-retries';

/** More than Node.js takes for a leak of listeners. */
const AT_ONCE = 16;

describe('waiting at once for one signal', () => {
  const warnings: string[] = [];
  const keep = (warning: Error): void => void warnings.push(warning.name);
  const wait = { attempts: 2, minDelayMs: 60_000, maxDelayMs: 60_000, factor: 1 };

  /** What became of them after an abort. */
  const abortedAll = async (begin: (signal: AbortSignal) => Promise<unknown>): Promise<unknown[]> => {
    const stop = new AbortController();
    const waiting = Array.from({ length: AT_ONCE }, () => begin(stop.signal));
    const results = Promise.allSettled(waiting);
    // Warnings are told in a later turn than the one that makes them.
    await turn();
    await turn();
    stop.abort(new Error('enough'));
    return (await results).map((result) => (result.status === 'rejected' ? String(result.reason) : result));
  };

  beforeEach(() => {
    warnings.length = 0;
    process.on('warning', keep);
  });
  afterEach(() => {
    process.off('warning', keep);
  });

  it('warns of no leak before another try, and all end with the signal', async () => {
    const results = await abortedAll((signal) =>
      withRetries(wait, signal, () =>
        Promise.reject(new BeamliftError('DESTINATION_UNAVAILABLE', { what: 'away' })),
      ),
    );
    assert.deepEqual(new Set(results), new Set(['Error: enough']));
    assert.deepEqual(warnings, []);
  });

  it('warns of no leak in a pause, and all end with the signal', async () => {
    const results = await abortedAll((signal) => SYSTEM_CLOCK.sleep(60_000, signal));
    assert.deepEqual(new Set(results), new Set(['Error: enough']));
    assert.deepEqual(warnings, []);
  });
});

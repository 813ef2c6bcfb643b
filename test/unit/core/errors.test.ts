import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERROR_CODES, type ErrorCode } from '../../../core/error-codes';
import { BeamliftError, MAX_SHOWN_VALUE, messageOf, showValue, toBeamliftError } from '../../../core/errors';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe('BeamliftError', () => {
  it('is transient and ends a command as the table of codes says', () => {
    for (const code of codes) {
      const error = new BeamliftError(code, { what: 'x' });
      assert.equal(error.transient, ERROR_CODES[code].transient, code);
      assert.equal(error.exitCode, ERROR_CODES[code].exit, code);
    }
  });

  it('ends a command with success only where another run does the work, and has words for every code', () => {
    for (const code of codes) {
      const entry = ERROR_CODES[code];
      assert.equal(entry.exit > 0, code !== 'LEASE_HELD', code);
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      assert.ok(entry.title.length > 5 && !entry.title.endsWith('.'), code);
      assert.match(entry.explanation, /\.$/, code);
    }
  });

  it('learns more of its place and forgets nothing', () => {
    const cause = new Error('ECONNRESET');
    const error = new BeamliftError('CONNECTION_LOST', {
      what: 'the connection broke',
      where: { connection: 'shop', unit: 'r0001' },
      why: 'ECONNRESET',
      hint: 'run again',
      cause,
    });
    const placed = error.at({ job: 'orders', unit: 'r0002' });
    assert.deepEqual(placed.toReport(), {
      code: 'CONNECTION_LOST',
      what: 'the connection broke',
      where: { connection: 'shop', unit: 'r0001', job: 'orders' },
      why: 'ECONNRESET',
      hint: 'run again',
    });
    assert.equal(placed.cause, cause);
    assert.equal(placed.stack, error.stack);
    assert.deepEqual(error.where, { connection: 'shop', unit: 'r0001' });
  });

  it('reports what it knows and nothing else', () => {
    const report = new BeamliftError('USAGE', { what: 'unknown flag' }).toReport();
    assert.deepEqual(report, { code: 'USAGE', what: 'unknown flag', where: {} });
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  });
});

describe('toBeamliftError', () => {
  it('leaves a BeamliftError its code', () => {
    const error = toBeamliftError(new BeamliftError('FENCED', { what: 'x' }), { job: 'orders' });
    assert.equal(error.code, 'FENCED');
    assert.deepEqual(error.where, { job: 'orders' });
  });

  it('takes anything else for a defect and keeps it as the cause', () => {
    const cause = new TypeError('x is not a function');
    const error = toBeamliftError(cause, { unit: 'all' });
    assert.equal(error.code, 'INTERNAL');
    assert.equal(error.what, 'x is not a function');
    assert.equal(error.cause, cause);
  });

  it('has words for whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        assert.notEqual(toBeamliftError(thrown).what, '');
      }),
    );
    assert.equal(messageOf(new TypeError('')), 'TypeError');
    assert.equal(messageOf('SIGINT'), 'SIGINT');
    const refused = new AggregateError([
      new Error('connect ECONNREFUSED ::1:5432'),
      new Error('connect ECONNREFUSED 127.0.0.1:5432'),
    ]);
    assert.equal(messageOf(refused), 'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432');
  });
});

describe('showValue', () => {
  it('is one line that a terminal cannot be tricked with, whatever the value', () => {
    const dangerous = fc.constantFrom(
      '\n',
      '\r',
      '\0',
      '\u001b[31m',
      '\u009b2J',
      '\u2028',
      '\u202e',
      '\ufeff',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), dangerous)), (pieces) => {
        const shown = showValue(pieces.join(''));
        assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        assert.doesNotMatch(shown, /\p{Surrogate}/u);
      }),
    );
  });

  it('can be read back where it is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: MAX_SHOWN_VALUE / 2 }), (text) => {
        assert.equal(JSON.parse(`"${showValue(text)}"`), text);
      }),
    );
  });

  it('shortens, says how long the value is, and cuts no character in two', () => {
    assert.equal(showValue('x'.repeat(MAX_SHOWN_VALUE)), 'x'.repeat(MAX_SHOWN_VALUE));
    assert.equal(showValue('x'.repeat(200)), `${'x'.repeat(MAX_SHOWN_VALUE)}… (200 characters)`);
    const parcels = `${'x'.repeat(MAX_SHOWN_VALUE - 1)}📦 and more`;
    assert.equal(showValue(parcels), `${'x'.repeat(MAX_SHOWN_VALUE - 1)}… (${parcels.length} characters)`);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERROR_CODES, type ErrorCode } from '../../core/error-codes';
import { BeamliftError } from '../../core/errors';
import { changeTexts, errorOf, errorText } from '../../pipelines/beam/error-text';

const FULL = new BeamliftError('DESTINATION_FAILED', {
  what: 'BigQuery refused "the" load\\job',
  where: { job: 'orders', unit: '0007', value: "it's\n{}" },
  why: 'Line 1\nLine 2 \u2028 ünïcödé 🙂',
  hint: 'Ask: %s %22 $HOME',
});

const codes = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));
const errors = fc
  .record({
    code: codes,
    what: fc.string({ unit: 'binary', maxLength: 60 }),
    where: fc.record(
      { job: fc.string(), value: fc.string({ unit: 'binary' }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
    why: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    hint: fc.option(fc.string(), { nil: undefined }),
  })
  .map(
    ({ code, what, where, why, hint }) =>
      new BeamliftError(code, {
        what,
        where,
        ...(why === undefined ? {} : { why }),
        ...(hint === undefined ? {} : { hint }),
      }),
  );

/** What runners are known to do to the text of a failed bundle. */
const WRAPPINGS: Record<string, (text: string) => string> = {
  'Prism: quoted by Go, in an error chain': (text) =>
    `bundle inst-12 failed: rpc error: code = Unknown desc = ${JSON.stringify(`Error: ${text}`)}: job failed`,
  'Flink: a stack trace around and behind it': (text) =>
    `java.lang.RuntimeException: Error received from SDK harness for instruction 2: ${text}\n\tat org.apache.beam.Foo(Foo.java:12)\nCaused by: …`,
  'Dataflow: JSON inside of JSON': (text) =>
    JSON.stringify({ message: JSON.stringify({ error: `[${text}]` }) }),
  'HTML, line breaks taken out': (text) =>
    text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('\n', ' '),
};

describe('the error of a worker in a message of a runner', () => {
  for (const [name, wrap] of Object.entries(WRAPPINGS)) {
    it(`is found again: ${name}`, () => {
      fc.assert(
        fc.property(errors, (error) => {
          assert.deepEqual(errorOf(wrap(errorText(error)))?.toReport(), error.toReport());
        }),
      );
    });
  }

  it('says to people what it is, in one line', () => {
    const text = errorText(FULL);
    assert.match(text, /^DESTINATION_FAILED: BigQuery refused "the" load\\job \| Line 1 Line 2/);
    assert.equal(text.split('\n').length, 1);
  });

  it('loses its end first when it is cut off, and never becomes another error', () => {
    const text = errorText(FULL);
    const begin = text.indexOf('beamlift-error');
    const whats = new Set<string | undefined>();
    for (let length = begin; length < text.length; length++) {
      const error = errorOf(text.slice(0, length));
      if (error !== undefined) assert.equal(error.code, 'DESTINATION_FAILED');
      for (const field of ['why', 'hint'] as const) {
        assert.ok(error?.[field] === undefined || error[field] === FULL[field], `${length} ${field}`);
      }
      whats.add(error?.what);
    }
    assert.deepEqual([...whats], [undefined, ERROR_CODES.DESTINATION_FAILED.title, FULL.what]);
  });

  it('is the first whole one of several', () => {
    const other = new BeamliftError('CANCELLED', { what: 'Stopped' });
    const cut = errorText(FULL).slice(0, -10);
    assert.equal(errorOf(`${cut} ${errorText(other)} ${errorText(FULL)}`)?.code, 'CANCELLED');
    assert.equal(errorOf(`${cut} and more`)?.code, 'DESTINATION_FAILED');
  });

  it('is none where nobody wrote one', () => {
    const forged = (text: string): string => `beamlift-error-v1-${Buffer.from(text).toString('base64url')}.`;
    for (const text of [
      '',
      'beamlift-error-v1-',
      'beamlift-error-v1-????.',
      forged('"__proto__"\n"x"'),
      forged('{"code":1}'),
      forged('null'),
    ]) {
      assert.equal(errorOf(text), undefined, text);
    }
    const odd = errorOf(forged('"INTERNAL"\n7\n{"__proto__":{"x":1},"job":7}\n[]\n{}'));
    assert.deepEqual(odd?.toReport(), { code: 'INTERNAL', what: ERROR_CODES.INTERNAL.title, where: {} });
  });

  it('is bounded, and what is no error of ours is a defect', () => {
    const long = errorText(new BeamliftError('INTERNAL', { what: 'x'.repeat(1_000_000) }));
    assert.ok(long.length < 20_000, `${long.length}`);
    assert.equal(errorOf(long)?.what.length, 4_001);
    assert.deepEqual(errorOf(errorText(new TypeError('no')))?.toReport(), {
      code: 'INTERNAL',
      what: 'no',
      where: {},
    });
  });

  it('can have its texts changed', () => {
    const changed = changeTexts(FULL, (text) => text.replaceAll(/refused|Line|orders|Ask/g, '***'));
    assert.deepEqual(changed.toReport(), {
      code: 'DESTINATION_FAILED',
      what: 'BigQuery *** "the" load\\job',
      where: { job: '***', unit: '0007', value: "it's\n{}" },
      why: '*** 1\n*** 2 \u2028 ünïcödé 🙂',
      hint: '***: %s %22 $HOME',
    });
  });
});

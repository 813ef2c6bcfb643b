import assert from 'node:assert/strict';
import { BeamliftError } from '../../../core/errors';
import { errorText } from '../../../pipelines/beam/error-text';
import { FailureWords } from '../../../pipelines/beam/portable/failure-words';

describe('FailureWords', () => {
  const ours = (what: string): string => errorText(new BeamliftError('QUERY_REFUSED', { what }));

  it('finds the first error of a worker among the words of a runner', () => {
    const words = new FailureWords();
    words.add('job started', false);
    words.add(`java.lang.RuntimeException: bundle failed: ${ours('first')}\n\tat x.y.Z`, false);
    words.add(`Caused by: ${ours('second')}`, true);
    const error = words.error('job-1');
    assert.equal(error.code, 'QUERY_REFUSED');
    assert.equal(error.what, 'first');
  });

  it('has the words of the runner where there is none, those that it calls errors, each once', () => {
    const words = new FailureWords();
    words.add('job started', false);
    words.add('no space left', true);
    words.add('no space left', true);
    words.add('giving up', true);
    const error = words.error('job-1');
    assert.equal(error.code, 'RUNNER_FAILED');
    assert.equal(error.where.object, 'job-1');
    assert.equal(error.why, 'no space left\ngiving up');
  });

  it('is bounded, and keeps the beginning', () => {
    const words = new FailureWords();
    words.add('the cause', true);
    for (let index = 0; index < 1_000; index += 1) words.add(`${index} ${'x'.repeat(10_000)}`, true);
    const { why = '' } = words.error('job-1');
    assert.ok(why.startsWith('the cause\n0 x'));
    assert.ok(why.length <= 2_000, String(why.length));
  });

  it('says so where the runner says nothing', () => {
    assert.match(new FailureWords().error('job-1').why ?? '', /does not say why/);
  });
});

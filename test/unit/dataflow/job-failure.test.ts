import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { BeamliftError } from '../../../core/errors';
import { isReasonTold, jobFailure } from '../../../pipelines/beam/dataflow/job-failure';
import { errorText } from '../../../pipelines/beam/error-text';

const URL = 'https://console.example/job';
const OURS = `Error message from worker: ${errorText(new BeamliftError('LOGIN_FAILED', { what: 'no' }))}`;
const WORK_ITEM =
  'Workflow failed. Causes: S03:Stage units failed., The job failed because a work item has failed 4 times.';

function codeOf(...errors: string[]): string {
  const { code, why } = jobFailure(errors, 'job', URL);
  return why === undefined ? code : `${code} ${why}`;
}

describe('why a Dataflow job failed', () => {
  it('is the error of the worker that the last words point to', () => {
    assert.equal(codeOf('x', OURS, WORK_ITEM), 'LOGIN_FAILED');
    assert.equal(codeOf(OURS), 'LOGIN_FAILED');
    const later = `Error message from worker: ${errorText(new BeamliftError('SNAPSHOT_LOST', { what: 'gone' }))}`;
    assert.equal(codeOf(OURS, later, WORK_ITEM), 'SNAPSHOT_LOST');
  });

  it('is not an error that was overcome', () => {
    const quota = "Workflow failed. Causes: Quota 'CPUS' exceeded.";
    assert.equal(codeOf(OURS, quota), `QUOTA_EXCEEDED ${quota}`);
    const stuck = 'Workflow failed. Causes: The job appears to be stuck.';
    assert.equal(codeOf(OURS, stuck), `RUNNER_FAILED ${stuck}`);
  });

  it('is in the words of the service otherwise', () => {
    assert.equal(codeOf(), 'RUNNER_FAILED The service does not say why.');
    assert.equal(codeOf('Workflow failed.'), 'RUNNER_FAILED Workflow failed.');
    const killed = 'The worker lost contact with the service.';
    assert.equal(codeOf(killed, WORK_ITEM), `RUNNER_FAILED ${WORK_ITEM}`);
    const image = 'Error syncing pod: ImagePullBackOff for gcr.io/x';
    assert.equal(codeOf(image, WORK_ITEM), `RUNNER_FAILED ${image}`);
    const exhausted = 'Startup of the worker pool failed. ZONE_RESOURCE_POOL_EXHAUSTED: not enough.';
    assert.equal(codeOf(exhausted), `RUNNER_FAILED ${exhausted}`);
    assert.match(
      jobFailure([exhausted], 'job', URL).hint ?? '',
      /another region.*https:\/\/console\.example\/job$/,
    );
    const right =
      'Workflow failed. Causes: Permission denied: etl@p does not have storage.objects.get access to gs://x';
    assert.equal(codeOf(right), `RIGHTS_MISSING ${right}`);
    assert.equal((jobFailure(['x'.repeat(5_000)], 'job', URL).why ?? '').length, 2_001);
  });

  it('has been told when the last words are there', () => {
    assert.equal(isReasonTold([]), false);
    assert.equal(isReasonTold(['Worker lost']), false);
    assert.equal(isReasonTold(['a', OURS]), true);
    assert.equal(isReasonTold(['(12ab): Workflow failed. Causes: x']), true);
  });
});

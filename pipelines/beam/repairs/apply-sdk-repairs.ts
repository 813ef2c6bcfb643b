import '../sdk-entry';
import { version } from 'apache-beam/version';
import { checkSdkVersion } from '../sdk-version';
import { repairBundleLifecycle } from './bundle-lifecycle';
import { repairDataOrder } from './data-order';
import { repairMessageLimit } from './message-limit';
import { repairMetricEncoding } from './metric-encoding';
import { repairMetricLabels } from './metric-labels';
import { repairMetricReset } from './metric-reset';
import { repairRunnerRequests } from './runner-requests';
import { repairSinkFlush } from './sink-flush';
import { repairStreamErrors } from './stream-errors';

/**
 * Mends what the Beam SDK does wrong, before the first pipeline or worker of the process; each repair says what and where. Safe to call
 * again. Throws RUNNER_UNUSABLE for any other version of the SDK than the one the repairs were written for.
 */
export function applySdkRepairs(): void {
  checkSdkVersion(version);
  repairMessageLimit();
  repairStreamErrors();
  repairRunnerRequests();
  repairBundleLifecycle();
  repairDataOrder();
  repairSinkFlush();
  repairMetricLabels();
  repairMetricReset();
  repairMetricEncoding();
}

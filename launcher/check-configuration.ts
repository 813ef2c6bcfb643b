import { formatCounted } from '../core/counted';
import { toBeamliftError, type BeamliftError } from '../core/errors';
import type {
  CheckFinding,
  DiscoveredObject,
  DiscoverOptions,
  SourceModule,
  SourceServices,
} from '../core/extractor';
import type { DestinationModule } from '../core/loader';
import type { JobSpec, NamedConnection } from './config/job-spec';
import { planJob } from './launch';
import { onlyLooking, type LaunchServices } from './launch-options';
import { destinationOfType, sourceOfType } from './open-job';
import { checkRunStoreSpec } from './runs/check-run-store';
import type { RunStoreServices } from './runs/run-store-services';
import { describeRunStore, type RunStoreSpec } from './runs/run-store-spec';

/** What was found about one connection, destination or job. */
export interface CheckResult {
  readonly kind: 'connection' | 'destination' | 'job' | 'run_store';
  readonly name: string;
  readonly type: string;
  readonly ok: boolean;
  readonly findings: readonly CheckFinding[];
}

/** Tries a connection step by step, as its source would use it. Never throws for what it finds. */
export async function checkConnection(
  connection: NamedConnection,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckResult> {
  return await checkWith('connection', connection, sourceOfType(connection.type), services, signal);
}

/** Tries a destination step by step. Never throws for what it finds. */
export async function checkDestination(
  destination: NamedConnection,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckResult> {
  return await checkWith('destination', destination, destinationOfType(destination.type), services, signal);
}

/** Whether the history of runs can be read, and whether it lasts. Never throws for what it finds. */
export async function checkRunStore(spec: RunStoreSpec, services: RunStoreServices): Promise<CheckResult> {
  let findings: readonly CheckFinding[];
  try {
    findings = await checkRunStoreSpec(spec, services);
  } catch (thrown) {
    services.signal.throwIfAborted();
    findings = [failedFinding('read', toBeamliftError(thrown))];
  }
  const ok = findings.every((finding) => finding.ok);
  return { kind: 'run_store', name: describeRunStore(spec), type: spec.type, ok, findings };
}

/** Whether the job could be planned now: its table or files, columns, types and state. */
export async function checkJob(job: JobSpec, services: LaunchServices): Promise<CheckResult> {
  const { sourceCategory, name } = job;
  const step = 'plan';
  try {
    const { units, estimate } = await planJob(job, onlyLooking('check'), services);
    const rows =
      estimate.rows === null ? 'rows unknown' : `about ${formatCounted(Math.round(estimate.rows), 'row')}`;
    const detail =
      units.length === 0 ? 'nothing to load now' : `${rows}, ${formatCounted(units.length, 'work unit')}`;
    return { kind: 'job', name, type: sourceCategory, ok: true, findings: [{ step, ok: true, detail }] };
  } catch (thrown) {
    services.signal.throwIfAborted();
    const finding = failedFinding(step, toBeamliftError(thrown));
    return { kind: 'job', name, type: sourceCategory, ok: false, findings: [finding] };
  }
}

/** What a connection could load, the ones that match `pattern`. */
export async function discover(
  { type, config }: NamedConnection,
  pattern: string | undefined,
  services: SourceServices,
  signal: AbortSignal,
  options?: DiscoverOptions,
): Promise<DiscoveredObject[]> {
  return await sourceOfType(type).discover(config, services, pattern, signal, options);
}

async function checkWith(
  kind: 'connection' | 'destination',
  { name, type, config }: NamedConnection,
  module: SourceModule | DestinationModule,
  services: SourceServices,
  signal: AbortSignal,
): Promise<CheckResult> {
  let findings: readonly CheckFinding[];
  try {
    findings = await module.check(config, services, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    findings = [failedFinding('check', toBeamliftError(thrown))];
  }
  return { kind, name, type, ok: findings.every((finding) => finding.ok), findings };
}

function failedFinding(step: string, { what, why, hint }: BeamliftError): CheckFinding {
  const detail = why === undefined ? what : `${what.replace(/\.$/, '')}: ${why}`;
  return { step, ok: false, detail, ...(hint === undefined ? {} : { hint }) };
}

import '../sdk-entry';
import { performance } from 'node:perf_hooks';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';
import { MetricsShortIdCache } from 'apache-beam/worker/metrics';

/** From the answer that tells the runner what an id means until it is sure to count by it, in milliseconds. */
const LEARNT_MS = 1_000;
/** Other ids of a metric. A runner that has not asked for its meaning after so many bundles does without ids: Flink never asks. */
const MOST_ALIASES = 64;

/**
 * Short ids of a worker's metrics. Prism (`jobservices/metrics.go`, contributeMetrics) keeps what a bundle has counted under ids that it
 * does not know by id, until it is told what they mean: of two bundles that end before that, it forgets one. So no two bundles report
 * under an id that the runner may not know yet: until it does, each gets other ids of the same meaning.
 */
export class MetricIds extends MetricsShortIdCache {
  /** Bundles that ended while the id was not known to the runner; by id. */
  private readonly reported = new Map<string, number>();
  /** When the runner was first told what the id means; by id. */
  private readonly told = new Map<string, number>();
  private readonly meanings = new Map<string, string>();

  /** `now`: milliseconds from any moment on. */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  /** What a bundle that has ended has counted, by ids of its own where the runner does not know `counted`'s. */
  ofBundle(counted: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
    return new Map(Array.from(counted, ([id, payload]) => [this.idFor(id), payload]));
  }

  /** Without a payload, it is the answer to a runner's question. */
  override asMonitoringInfo(id: string, payload?: Uint8Array): MonitoringInfo {
    if (payload === undefined && !this.told.has(id)) this.told.set(id, this.now());
    return super.asMonitoringInfo(this.meanings.get(id) ?? id, payload);
  }

  private idFor(id: string): string {
    const told = this.told.get(id);
    if (told !== undefined && this.now() - told >= LEARNT_MS) return id;
    const bundles = this.reported.get(id) ?? 0;
    this.reported.set(id, bundles + 1);
    if (bundles === 0 || bundles > MOST_ALIASES) return id;
    const alias = `${id}.${bundles}`;
    this.meanings.set(alias, id);
    return alias;
  }
}

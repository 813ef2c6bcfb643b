import type { JsonObject } from '../../core/plan';

/** What happens to a job between two looks at it. */
export interface LifeStep {
  readonly state?: string;
  /** Importance without its beginning, text, and how many milliseconds before now it is said to be. */
  readonly messages?: readonly (readonly [importance: string, text: string, agoMs?: number])[];
  /** Attempted and committed. */
  readonly counters?: Readonly<Record<string, readonly [attempted: number, committed: number]>>;
  readonly workers?: { readonly current?: number; readonly target?: number };
}

/** Steps that are taken one after another: with every look at the state, and once the job has ended, with every look at its messages. */
export type Life = readonly LifeStep[];

const ENDS = ['JOB_STATE_DONE', 'JOB_STATE_FAILED', 'JOB_STATE_CANCELLED'];

/** A job as the stand-in keeps it. */
export class StandInJob {
  state = 'JOB_STATE_PENDING';
  private readonly messages: { id: string; time: string; messageImportance: string; messageText: string }[] =
    [];
  private readonly scaling: JsonObject[] = [];
  private counters: Readonly<Record<string, readonly [number, number]>> = {};
  private steps: LifeStep[];
  /** Stops whatever runs the pipeline. */
  onCancel: () => void = () => undefined;

  constructor(
    readonly id: string,
    readonly request: JsonObject,
    readonly region: string,
    life: Life,
  ) {
    this.steps = [...life];
  }

  get name(): string {
    const { name } = this.request;
    return typeof name === 'string' ? name : '';
  }

  get isActive(): boolean {
    return !ENDS.includes(this.state);
  }

  look(view: string | null): JsonObject {
    if (this.isActive) this.advance();
    const summary = { id: this.id, name: this.name, type: 'JOB_TYPE_BATCH', currentState: this.state };
    if (view !== 'JOB_VIEW_ALL') return summary;
    const { clientRequestId, environment, labels } = this.request;
    return {
      ...summary,
      clientRequestId: clientRequestId ?? null,
      environment: environment ?? {},
      labels: labels ?? {},
    };
  }

  /** Those of a page; what is asked for from a time on includes that time. */
  news(since: string | null, pageToken: string | null, pageSize: number): JsonObject {
    if (!this.isActive && pageToken === null) this.advance();
    const all = this.messages.filter(({ time }) => since === null || Date.parse(time) >= Date.parse(since));
    const from = Number(pageToken ?? 0);
    const isLast = from + pageSize >= all.length;
    return {
      ...(all.length === 0 ? {} : { jobMessages: all.slice(from, from + pageSize) }),
      ...(this.scaling.length === 0 ? {} : { autoscalingEvents: this.scaling }),
      ...(isLast ? {} : { nextPageToken: String(from + pageSize) }),
    };
  }

  metrics(): JsonObject {
    const metric = (name: string, scalar: number, tentative: boolean, origin = 'user'): JsonObject => ({
      name: { origin, name, context: { step: 'transform_9', ...(tentative ? { tentative: 'true' } : {}) } },
      scalar,
    });
    const ours = Object.entries(this.counters).flatMap(([name, [attempted, committed]]) => [
      metric(name, attempted, true),
      ...(committed > 0 ? [metric(name, committed, false)] : []),
    ]);
    return {
      metrics: [
        ...ours,
        metric('TotalVcpuTime', 17, false, 'dataflow/v1b3'),
        metric('unit_seconds_MAX', 3, false),
        metric('unit_seconds_COUNT', 3, false),
      ],
    };
  }

  /** False: it has ended. */
  cancel(): boolean {
    if (!this.isActive) return false;
    this.onCancel();
    this.state = 'JOB_STATE_CANCELLING';
    this.steps = [{ state: 'JOB_STATE_CANCELLING' }, { state: 'JOB_STATE_CANCELLED' }];
    return true;
  }

  take({ state, messages = [], counters, workers }: LifeStep): void {
    if (state !== undefined) this.state = state;
    for (const [importance, messageText, agoMs = 0] of messages) {
      this.messages.push({
        id: `m${this.messages.length + 1}`,
        time: new Date(Date.now() - agoMs).toISOString(),
        messageImportance: `JOB_MESSAGE_${importance}`,
        messageText,
      });
    }
    if (counters !== undefined) this.counters = counters;
    if (workers === undefined) return;
    const { current, target } = workers;
    this.scaling.push({
      time: new Date().toISOString(),
      eventType: 'CURRENT_NUM_WORKERS_CHANGED',
      ...(current === undefined ? {} : { currentNumWorkers: String(current) }),
      ...(target === undefined ? {} : { targetNumWorkers: String(target) }),
    });
  }

  private advance(): void {
    const step = this.steps.shift();
    if (step !== undefined) this.take(step);
  }
}

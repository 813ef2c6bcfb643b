import type { MessagePort } from 'node:worker_threads';
import { BeamliftError, messageOf } from '../../core/errors';
import { LOG_LEVELS, type Logger, type LogLevel } from '../../core/logger';
import { planSchema, workUnitSchema, type RunContext } from '../../core/plan';
import { openingOf } from './equipment-module';
import { ProgressReports } from './progress-reports';
import { sendError } from './sent-error';
import type { ThreadOrder, ThreadReport } from './thread-messages';
import type { ThreadBirth } from './thread-services';
import { UnitHost } from './unit-host';

type StageOrder = Extract<ThreadOrder, { readonly kind: 'stage' }>;

/** A thread that runs units: `UnitThread` is its other end. */
export class ThreadEnd {
  private readonly host: UnitHost;
  private readonly contexts = new Map<number, RunContext>();
  private readonly calls = new Map<number, AbortController>();

  constructor(
    private readonly port: MessagePort,
    { equipmentModule, ...birth }: ThreadBirth,
  ) {
    this.host = new UnitHost(birth, this.log(), openingOf(equipmentModule));
    port.on('message', (order: ThreadOrder) => void this.receive(order));
    // The error as Node.js would pass it on may hold secrets.
    process.on('uncaughtException', (error) => {
      this.report({ kind: 'broken', error: sendError(error, this.redact) });
      process.exit(1);
    });
    this.report({ kind: 'ready' });
  }

  private async receive(order: ThreadOrder): Promise<void> {
    switch (order.kind) {
      case 'context':
        this.contexts.set(order.context, planSchema.shape.context.parse(JSON.parse(order.json)));
        return;
      case 'stage':
        await this.answer(order);
        return;
      case 'abort':
        if (this.calls.has(order.call)) this.report({ kind: 'aborting', call: order.call });
        this.calls.get(order.call)?.abort(new BeamliftError('CANCELLED', { what: 'The unit was stopped' }));
        return;
      case 'forget':
        this.contexts.delete(order.context);
        await this.host.forget(String(order.context));
        return;
      case 'end':
        await this.host.close();
        process.exit(0);
    }
  }

  private async answer(order: StageOrder): Promise<void> {
    const { call } = order;
    const controller = new AbortController();
    this.calls.set(call, controller);
    let report: ThreadReport;
    try {
      report = await this.stage(order, controller.signal);
    } catch (thrown) {
      report = { kind: 'failed', call, error: sendError(thrown, this.redact) };
    }
    this.calls.delete(call);
    this.report(report);
  }

  private async stage(order: StageOrder, signal: AbortSignal): Promise<ThreadReport> {
    const { call, attempt, resumed } = order;
    const unit = workUnitSchema.parse(JSON.parse(order.unit));
    const progress = new ProgressReports((rows, sourceBytes, stagedBytes) =>
      this.report({ kind: 'progress', call, rows, sourceBytes, stagedBytes }),
    );
    try {
      const hosted = { context: this.context(order), unit, attempt, resumed };
      const manifest = await this.host.stage(String(order.context), hosted, progress.add, signal);
      return { kind: 'staged', call, manifest: JSON.stringify(manifest) };
    } finally {
      progress.end();
    }
  }

  private context({ context }: StageOrder): RunContext {
    const known = this.contexts.get(context);
    if (known !== undefined) return known;
    throw new BeamliftError('INTERNAL', { what: 'A thread was given a unit of a run that it does not know' });
  }

  private log(): Logger {
    const at =
      (level: LogLevel) =>
      (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        this.report({ kind: 'log', level, event, fields: this.fieldsText(fields) });
    const [debug, info, warn, error] = LOG_LEVELS;
    return { debug: at(debug), info: at(info), warn: at(warn), error: at(error) };
  }

  /** Texts are redacted one by one, before they are escaped as JSON. */
  private fieldsText(fields: Readonly<Record<string, unknown>>): string {
    try {
      return JSON.stringify(fields, (_name, value: unknown) => {
        if (typeof value === 'string') return this.redact(value);
        if (typeof value === 'bigint') return value.toString();
        return value instanceof Error ? sendError(value, this.redact).report : value;
      });
    } catch (error) {
      // Something that holds itself; the entry is worth more than its fields.
      return JSON.stringify({ unreadable: this.redact(messageOf(error)) });
    }
  }

  private readonly redact = (text: string): string => this.host.redactor.redact(text);

  private report(report: ThreadReport): void {
    this.port.postMessage(report);
  }
}

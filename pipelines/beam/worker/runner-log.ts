import { ChannelCredentials, Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import { LogEntry, LogEntry_Severity_Enum as Severity } from 'apache-beam/proto/beam_fn_api';
import type { LogControl, LogEntry_List as LogEntryList } from 'apache-beam/proto/beam_fn_api';
import { BeamFnLoggingClient } from 'apache-beam/proto/beam_fn_api.grpc-client';
import type { LogLevel } from '../../../core/logger';
import { stderrLine, type LogLine } from './worker-log';

/** Entries of one message. */
const MAX_BATCH = 100;
/** Entries that wait for a runner that takes none; those beyond are counted, not kept. */
const MAX_WAITING = 5_000;
/** How long entries are gathered, in milliseconds. */
const GATHER_MS = 100;
/** How long the runner has to take the last entries, in milliseconds. */
const FLUSH_MS = 2_000;

const SEVERITIES: Record<LogLevel, Severity> = {
  debug: Severity.DEBUG,
  info: Severity.INFO,
  warn: Severity.WARN,
  error: Severity.ERROR,
};

/** Which bundle and step an entry is of. */
export interface LogOrigin {
  readonly instructionId?: string;
  readonly transformId?: string;
}

export interface RunnerLogOptions {
  /** As the runner calls the worker. */
  readonly id: string;
  /** Where the runner takes log entries, as `host:port`. */
  readonly endpoint: string;
  /** Where entries go when the runner takes none any more. */
  readonly stderr: { write(text: string): unknown };
  readonly origin?: () => LogOrigin | undefined;
}

/**
 * The way into the runner's log, which its console shows. Entries are sent in the background; the log of a runner that hangs up goes to
 * stderr. In place of the SDK's `worker/logging.js`, which captures stdout and stderr of the process and grows without a bound.
 *
 * Only the protocol is imported here, not the SDK: `boot` logs as well, and has no need of it.
 */
export class RunnerLog {
  private readonly client: BeamFnLoggingClient;
  private readonly stream: ClientDuplexStream<LogEntryList, LogControl>;
  private readonly ended: Promise<void>;
  private waiting: LogEntry[] = [];
  private dropped = 0;
  private gathering: NodeJS.Timeout | undefined;
  private isBroken = false;
  private isBlocked = false;

  constructor(private readonly options: RunnerLogOptions) {
    const metadata = new Metadata();
    metadata.add('worker_id', options.id);
    this.client = new BeamFnLoggingClient(options.endpoint, ChannelCredentials.createInsecure(), {}, {});
    this.stream = this.client.logging(metadata);
    this.stream.on('data', () => undefined);
    this.stream.on('error', () => this.break());
    this.stream.on('drain', () => {
      this.isBlocked = false;
      this.send();
    });
    this.ended = new Promise((resolve) => {
      this.stream.on('status', () => {
        this.break();
        resolve();
      });
    });
  }

  write(line: LogLine): void {
    if (this.isBroken) {
      this.options.stderr.write(stderrLine(line, new Date()));
      return;
    }
    if (this.waiting.length < MAX_WAITING) this.waiting.push(this.entry(line));
    else this.dropped++;
    this.gathering ??= setTimeout(() => this.send(), GATHER_MS).unref();
  }

  /** Sends what waits, and hangs up. Never throws. */
  async close(): Promise<void> {
    this.isBlocked = false;
    this.send();
    this.stream.end();
    const late = setTimeout(() => this.stream.cancel(), FLUSH_MS);
    await this.ended;
    clearTimeout(late);
    this.client.close();
  }

  private send(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    while (this.waiting.length > 0 && !this.isBroken && !this.isBlocked) {
      const logEntries = this.waiting.splice(0, MAX_BATCH);
      this.isBlocked = !this.stream.write({ logEntries });
    }
    if (this.dropped > 0 && this.waiting.length === 0) {
      const fields = JSON.stringify({ entries: this.dropped });
      this.dropped = 0;
      this.write({ level: 'warn', event: 'log.dropped', fields });
    }
  }

  private break(): void {
    this.isBroken = true;
    for (const { message } of this.waiting.splice(0)) {
      this.options.stderr.write(stderrLine({ level: 'info', event: message, fields: '' }, new Date()));
    }
  }

  private entry({ level, event, fields }: LogLine): LogEntry {
    const now = Date.now();
    const seconds = Math.floor(now / 1000);
    const { instructionId = '', transformId = '' } = this.options.origin?.() ?? {};
    return LogEntry.create({
      severity: SEVERITIES[level],
      message: fields === '' ? event : `${event} ${fields}`,
      timestamp: { seconds: BigInt(seconds), nanos: (now - seconds * 1000) * 1_000_000 },
      instructionId,
      transformId,
      logLocation: 'beamlift',
    });
  }
}

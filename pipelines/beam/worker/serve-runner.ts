import '../sdk-entry';
import { loggingLocalStorage } from 'apache-beam/worker/logging';
import { createSecretResolver } from '../../../core/clients/secrets';
import type { Environment, SourceServices } from '../../../core/extractor';
import type { Logger } from '../../../core/logger';
import type { RunContext } from '../../../core/plan';
import type { SecretRedactor } from '../../../core/secret-redactor';
import type { OpenEquipment } from '../../open-equipment';
import type { RunEvent } from '../../run-events';
import { openingOf } from '../../threads/equipment-module';
import { UnitThreads, type UnitThreadsOptions } from '../../threads/unit-threads';
import { changeTexts, errorText } from '../error-text';
import { registerRunSteps } from '../run-steps';
import { RunnerLog, type LogOrigin } from './runner-log';
import { startSdkWorker, type WorkerEnd } from './sdk-worker';
import { workerContext } from './worker-context';
import { stderrLine, workerLogger } from './worker-log';

/** Units that one thread may have at once; how many it really has is for the run to say (`workerContext`). */
const MAX_UNITS_PER_THREAD = 64;

export interface ServeOptions {
  /** As the runner calls this worker. */
  readonly id: string;
  readonly controlEndpoint: string;
  /** Where the runner takes log entries; undefined: stderr has them. */
  readonly loggingEndpoint: string | undefined;
  /** Threads that run units, and the heap of each in MiB. */
  readonly threads: number;
  readonly threadHeapMb: number;
  /** Worker processes of this container. */
  readonly processes: number;
  /** A temporary folder of this process; absolute. */
  readonly folder: string;
  readonly codeVersion: string;
  /** What references are resolved with. */
  readonly environment: Environment;
  /** What relative paths in references are meant from; absolute. */
  readonly baseFolder: string;
  readonly stderr: { write(text: string): unknown };
  /** Told of every secret that is resolved here, and asked for every text that leaves. */
  readonly redactor: SecretRedactor;
  /** Stops the worker. */
  readonly signal: AbortSignal;
  readonly forTests?: Pick<UnitThreadsOptions, 'equipmentModule' | 'hearingPatienceMs'>;
}

/** Serves a runner as one of its workers until it ends, and closes what was opened for it. Throws RUNNER_UNUSABLE as `startSdkWorker` does. */
export async function serveRunner(options: ServeOptions): Promise<WorkerEnd> {
  const { id, controlEndpoint, loggingEndpoint, stderr, redactor, signal } = options;
  const redact = (text: string): string => redactor.redact(text);
  const runnerLog =
    loggingEndpoint === undefined
      ? undefined
      : new RunnerLog({ id, endpoint: loggingEndpoint, stderr, origin: currentBundle });
  const log = workerLogger(redact, (line) => {
    if (runnerLog === undefined) stderr.write(stderrLine(line, new Date()));
    else runnerLog.write(line);
  });

  const equipment = new CommitEquipment(options, log);
  const threads = unitThreads(options, log);
  const stopSteps = new AbortController();
  try {
    const unregister = registerRunSteps(
      '',
      {
        codeVersion: options.codeVersion,
        equipmentFor: async (context, asked) => await equipment.of(context, asked),
        threads,
        contextHere: (config) => workerContext(config, options),
        joinsLease: true,
        listener: (event) => logEvent(event, log),
        commitRetried: (attempt, error) => log.warn('commit.retried', { attempt, error: error.message }),
        reported: (report) => log.info('run.published', { ...report }),
      },
      stopSteps.signal,
    );
    try {
      const worker = startSdkWorker({
        id,
        controlEndpoint,
        failureText: (error) => {
          const told = changeTexts(error, redact);
          log.error('bundle.failed', { ...told.toReport() });
          return errorText(told);
        },
      });
      const stop = (): void => void worker.stop();
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      log.info('worker.started', { worker: id, version: options.codeVersion, threads: options.threads });
      const end = await worker.ended;
      signal.removeEventListener('abort', stop);
      log.info('worker.ended', { worker: id, ...(end.error === undefined ? {} : end.error.toReport()) });
      return end;
    } finally {
      unregister();
    }
  } finally {
    await threads.close();
    await equipment.close();
    await runnerLog?.close();
  }
}

function unitThreads(
  { threads, threadHeapMb, environment, baseFolder, forTests }: ServeOptions,
  log: Logger,
): UnitThreads {
  return new UnitThreads({
    threads,
    unitsPerThread: MAX_UNITS_PER_THREAD,
    heapMb: threadHeapMb,
    services: { environment, baseFolder, inlineSecrets: new Map(), log },
    ...forTests,
  });
}

/** Source and destination of the runs that this process publishes, open until `close`. Units have theirs, on their threads. */
class CommitEquipment {
  private readonly opened = new Map<string, Promise<OpenEquipment>>();
  private readonly services: SourceServices;

  constructor(
    private readonly options: ServeOptions,
    log: Logger,
  ) {
    const { environment, baseFolder, redactor } = options;
    const secrets = createSecretResolver({ environment, baseFolder, inlineSecrets: new Map(), redactor });
    this.services = { secrets, environment, baseFolder, log };
  }

  async of(context: RunContext, signal: AbortSignal): Promise<OpenEquipment> {
    const run = `${context.fence} ${context.runId}`;
    const known = this.opened.get(run);
    if (known !== undefined) return await known;
    const opening = openingOf(this.options.forTests?.equipmentModule)(context, this.services, signal);
    this.opened.set(run, opening);
    try {
      return await opening;
    } catch (error) {
      this.opened.delete(run);
      throw error;
    }
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.opened.values());
    await Promise.all(
      all.map(async (opened) => {
        if (opened.status === 'fulfilled') await opened.value.close();
      }),
    );
  }
}

/** What an operator wants to see of single units: those that go wrong. */
function logEvent(event: RunEvent, log: Logger): void {
  if (event.kind === 'unit.retried') {
    const { kind, ...fields } = event;
    log.warn(kind, fields);
  } else if (event.kind === 'unit.completed') {
    const { kind, ...fields } = event;
    log.debug(kind, fields);
  }
}

function currentBundle(): LogOrigin | undefined {
  const origin: unknown = loggingLocalStorage.getStore();
  return typeof origin === 'object' && origin !== null ? origin : undefined;
}

import { rm, mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { toBeamliftError } from '../../../core/errors';
import { SecretRedactor } from '../../../core/secret-redactor';
import { codeVersion } from '../../code-version';
import { readEnvironment } from './environment';
import { neededFlag, readFlags } from './flags';
import { serveRunner } from './serve-runner';
import { stderrLine, workerLogger } from './worker-log';

const FLAGS = [
  'id',
  'control_endpoint',
  'logging_endpoint',
  'threads',
  'thread_heap_mb',
  'processes',
  'temp_folder',
] as const;

/** Exit codes: boot starts a worker again that ends with another one than `DONE`. */
const DONE = 0;
const FAILED = 1;

/**
 * One worker process, from its flags to its exit code; `boot` starts it. Ends with the runner's control channel, with SIGTERM, and when
 * `boot` is gone, however it went: then the channel between the two ends.
 */
async function work(argv: readonly string[], redactor: SecretRedactor): Promise<number> {
  const flags = readFlags(argv, FLAGS);
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('disconnect', end);
  const folder = await mkdtemp(path.join(neededFlag(flags, 'temp_folder'), 'beamlift-worker-'));
  try {
    const { error } = await serveRunner({
      id: neededFlag(flags, 'id'),
      controlEndpoint: neededFlag(flags, 'control_endpoint'),
      loggingEndpoint: flags.get('logging_endpoint'),
      threads: Number(neededFlag(flags, 'threads')),
      threadHeapMb: Number(neededFlag(flags, 'thread_heap_mb')),
      processes: Number(neededFlag(flags, 'processes')),
      folder,
      codeVersion: codeVersion(),
      environment: readEnvironment(),
      baseFolder: process.cwd(),
      stderr: process.stderr,
      redactor,
      signal: stop.signal,
    });
    return error === undefined || stop.signal.aborted ? DONE : FAILED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An error as Node.js would print it may hold secrets. */
function fail(thrown: unknown, redactor: SecretRedactor): void {
  const log = workerLogger(
    (text) => redactor.redact(text),
    (line) => process.stderr.write(stderrLine(line, new Date()), () => process.exit(FAILED)),
  );
  log.error('worker.failed', { ...toBeamliftError(thrown).toReport() });
}

function main(): void {
  const redactor = new SecretRedactor();
  const die = (thrown: unknown): void => fail(thrown, redactor);
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  // Nothing that is left open keeps it: a worker that stays behind is what this is to prevent.
  void work(process.argv.slice(2), redactor).then((code) => process.exit(code), die);
}

main();

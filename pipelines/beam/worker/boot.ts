import { spawn, type ChildProcess } from 'node:child_process';
import { access, constants, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { toBeamliftError } from '../../../core/errors';
import { codeVersion } from '../../code-version';
import { parseBootFlags, parsePoolFlags, type BootFlags, type PoolFlags } from './boot-flags';
import { keepRunning } from './keep-running';
import { machineShare, usableMemory } from './machine-shares';
import { provisionOf, type Provision } from './provision';
import { RunnerLog } from './runner-log';
import { stderrLine, workerLogger } from './worker-log';
import { WorkerPool } from './worker-pool';

/** What boot has of its process. */
export interface BootHost {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** SIGTERM, SIGINT. */
  readonly signal: AbortSignal;
}

/**
 * The entry point of a worker container, and of a worker process on a runner's machine, to Beam's container contract: asks the runner what
 * there is to do, runs one worker process for each id that it names, and ends with them. Nothing is installed or fetched: the code is all
 * here. With --worker_pool it serves a pool instead, in which runners start workers. Resolves with the exit code: 0, 1 when a worker failed for good or the runner does not answer, 2 for wrong flags.
 */
export async function boot(host: BootHost): Promise<number> {
  const { argv, stdout, stderr, signal } = host;
  if (argv[0] === '--version') {
    stdout.write(`${codeVersion()}\n`);
    return 0;
  }
  try {
    const pool = parsePoolFlags(argv);
    if (pool !== undefined) return await runPool(pool, stderr, signal);
    const flags = parseBootFlags(argv);
    return await run(flags, await provisionOf(flags), stderr, signal);
  } catch (thrown) {
    const error = toBeamliftError(thrown);
    const fields = JSON.stringify(error.toReport());
    stderr.write(stderrLine({ level: 'error', event: 'boot.failed', fields }, new Date()));
    return error.exitCode;
  }
}

async function run(
  flags: BootFlags,
  provision: Provision,
  stderr: BootHost['stderr'],
  signal: AbortSignal,
): Promise<number> {
  const { loggingEndpoint, workerIds, dependencies } = provision;
  const runnerLog =
    loggingEndpoint === undefined
      ? undefined
      : new RunnerLog({ id: flags.id, endpoint: loggingEndpoint, stderr });
  // There is no secret here: workers resolve their references themselves.
  const log = workerLogger(
    (text) => text,
    (line) => {
      if (runnerLog === undefined) stderr.write(stderrLine(line, new Date()));
      else runnerLog.write(line);
    },
  );
  try {
    log.info('boot.started', { workers: workerIds.length, version: codeVersion(), node: process.version });
    if (dependencies > 0) {
      log.warn('boot.dependencies-ignored', {
        dependencies,
        hint: 'The image has all that a worker needs; nothing is installed.',
      });
    }
    const folder = await temporaryFolder(flags);
    const done = await keepRunning({
      ids: workerIds,
      start: (id) => startWorker(id, folder, { ...provision, processes: workerIds.length }),
      log,
      signal,
    });
    return done ? 0 : 1;
  } finally {
    await runnerLog?.close();
  }
}

/** A pool, as the environment `external` asks for: each worker has the share of a core, since runners start one for each. */
async function runPool(
  { address, folder }: PoolFlags,
  stderr: BootHost['stderr'],
  signal: AbortSignal,
): Promise<number> {
  const log = workerLogger(
    (text) => text,
    (line) => void stderr.write(stderrLine(line, new Date())),
  );
  const temporary = await temporaryFolder({ folder });
  const pool = await WorkerPool.open({
    address,
    run: async ({ id, ...endpoints }, stop) => {
      log.info('pool.worker-started', { worker: id });
      const start = (): ChildProcess =>
        startWorker(id, temporary, { ...endpoints, processes: availableParallelism() });
      await keepRunning({ ids: [id], start, log, signal: AbortSignal.any([signal, stop]) });
    },
  });
  try {
    log.info('pool.started', { address: address.replace(/:\d+$/, `:${pool.port}`) });
    await aborted(signal);
  } finally {
    await pool.close();
  }
  return 0;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The folder that a runner names may have to be made, or be one that only root can write. */
async function temporaryFolder({ folder }: Pick<BootFlags, 'folder'>): Promise<string> {
  if (folder === undefined) return tmpdir();
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch {
    return tmpdir();
  }
}

/** Where a worker's runner is, and how many workers share this machine. */
interface WorkerStart extends Pick<Provision, 'controlEndpoint' | 'loggingEndpoint'> {
  readonly processes: number;
}

/** The channel between the two tells the worker when this process is gone. */
function startWorker(
  id: string,
  folder: string,
  { controlEndpoint, loggingEndpoint, processes }: WorkerStart,
): ChildProcess {
  const machine = {
    memoryBytes: usableMemory(totalmem(), process.constrainedMemory()),
    cores: availableParallelism(),
  };
  const { threads, mainHeapMb, threadHeapMb } = machineShare(machine, processes);
  const extension = path.extname(__filename);
  // As TypeScript, in tests, it needs the loader that this file was loaded with.
  const loader = extension === '.ts' ? ['--require', createRequire(__filename).resolve('tsx/cjs')] : [];
  return spawn(
    process.execPath,
    [
      `--max-old-space-size=${mainHeapMb}`,
      ...loader,
      path.join(__dirname, `worker-process${extension}`),
      `--id=${id}`,
      `--control_endpoint=${controlEndpoint}`,
      ...(loggingEndpoint === undefined ? [] : [`--logging_endpoint=${loggingEndpoint}`]),
      `--threads=${threads}`,
      `--thread_heap_mb=${threadHeapMb}`,
      `--processes=${processes}`,
      `--temp_folder=${folder}`,
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
}

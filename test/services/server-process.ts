import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** Of what a server wrote, the end is kept for the error of a test that fails. */
const LOG_CHARACTERS = 64_000;

export interface ServerProcess {
  /** The end of what it wrote. */
  log(): string;
  /** kill -9: the servers of tests have nothing to keep. */
  stop(): Promise<void>;
}

/**
 * Runs the server in the background and ends it when its own standard input ends: with the process of the tests, however that is ended.
 * A server that ends by itself takes the shell with it.
 */
const KEEPER = 'exec 3<&0; "$@" </dev/null & (cat <&3 >/dev/null; kill -9 $!) 2>/dev/null & wait %1';

/** Starts a server and waits until it is ready: until its URL answers, or what is asked instead says so. */
export async function startServer(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  ready: string | (() => Promise<boolean>),
): Promise<ServerProcess> {
  const { PATH = '' } = process.env;
  const child = spawn('sh', ['-c', KEEPER, 'sh', command, ...parameters], {
    env: { PATH, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  let log = '';
  const keep = (chunk: Buffer): void => void (log = (log + chunk.toString()).slice(-LOG_CHARACTERS));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.once('error', (error) => keep(Buffer.from(String(error))));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    if (hasEnded(child)) return;
    await new Promise((resolve) => child.once('exit', resolve));
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  const isReady = typeof ready === 'string' ? async () => await answers(ready) : ready;
  while (!(await isReady())) {
    const late = Date.now() > deadline;
    if (late || hasEnded(child)) {
      await stop();
      throw new Error(`${command} ${late ? 'did not answer in time' : 'did not start'}:\n${log}`);
    }
    await sleep(POLL_MS);
  }
  return { log: () => log, stop };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) })
    .then(async (response) => {
      await response.arrayBuffer();
      return response.ok;
    })
    .catch(() => false);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../services/free-port';
import { startServer } from '../services/server-process';

/** A Beam job service, for a `before` hook. */
export interface JobServiceProcess {
  /** `localhost:PORT`. */
  readonly endpoint: string;
  /** The end of what it wrote. */
  log(): string;
  /** kill -9. Safe to call again. */
  stop(): Promise<void>;
}

/** Starts a job service with a temporary folder of its own, and waits until its port is open. */
export async function startJobService(
  command: string,
  parameters: (port: number, folder: string) => Promise<readonly string[]> | readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<JobServiceProcess> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-runner-'));
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const server = await startServer(
      command,
      await parameters(port, folder),
      { TMPDIR: folder, HOME: folder, ...environment },
      async () => await isOpen(port),
    );
    return {
      endpoint: `localhost:${port}`,
      log: () => server.log(),
      stop: async () => {
        await server.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function isOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** A thread costs 50 ms to start: one that has just been used waits so long for the next file. */
const IDLE_MS = 1_000;

/** Threads that wait; a few, as files are read a few at a time. */
const MAX_IDLE = 4;

/** A thread whose wasm memory has grown beyond this is not kept: only its end gives the memory back. In bytes. */
const MAX_IDLE_MEMORY = 64 * 1024 * 1024;

/** The decoder threads of one reader, lent to one file at a time. Waiting threads keep no process alive. */
export class DecoderThreads {
  private readonly idle = new Map<Worker, NodeJS.Timeout>();

  take(): Worker {
    for (const [worker, timer] of this.idle) {
      clearTimeout(timer);
      this.idle.delete(worker);
      worker.ref();
      return worker;
    }
    const worker = startWorker();
    worker.on('exit', () => {
      clearTimeout(this.idle.get(worker));
      this.idle.delete(worker);
    });
    // Whoever uses it listens as well; a thread that breaks while it waits is of no interest.
    worker.on('error', () => undefined);
    return worker;
  }

  /** Takes back a thread that has closed its file; `memory` is what its wasm instance holds, in bytes. */
  async giveBack(worker: Worker, memory: number): Promise<void> {
    if (memory > MAX_IDLE_MEMORY || this.idle.size >= MAX_IDLE) {
      await worker.terminate();
      return;
    }
    const end = (): void => {
      this.idle.delete(worker);
      void worker.terminate();
    };
    this.idle.set(worker, setTimeout(end, IDLE_MS).unref());
    worker.unref();
  }
}

/** The thread's file is beside this one; as TypeScript (in tests) it needs the loader that this one was loaded with. */
function startWorker(): Worker {
  const extension = extname(__filename);
  const execArgv = extension === '.ts' ? ['--require', createRequire(__filename).resolve('tsx/cjs')] : [];
  return new Worker(join(__dirname, `parquet-worker${extension}`), { execArgv });
}

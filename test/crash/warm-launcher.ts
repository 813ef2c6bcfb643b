import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const CLI = path.join(__dirname, '..', '..', 'launcher', 'cli.ts');

/** Loads the program, says so, and begins when it is told its arguments: what is killed is a run and not the start of Node. */
const waiter = (modules: readonly string[]): string => `
  require(${JSON.stringify(path.join(__dirname, '..', '..', 'launcher', 'main.ts'))});
  for (const module of ${JSON.stringify(modules)}) require(module);
  process.stdout.write('ready\\n');
  process.stdin.once('data', (line) => {
    process.argv = [process.argv[0], 'beamlift', ...JSON.parse(line)];
    require(${JSON.stringify(CLI)});
  });
`;

export interface EndedLauncher {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The real program in a process of its own that has loaded everything already. */
export class WarmLauncher {
  private out = '';
  private err = '';
  private readonly ready: Promise<unknown>;
  private readonly ended: Promise<EndedLauncher>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    const failed = once(child, 'exit').then(() => {
      throw new Error(`the launcher did not start: ${this.err}`);
    });
    this.ready = Promise.race([once(child.stdout, 'data'), failed]);
    this.ready.catch(() => undefined);
    failed.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, out: this.out, err: this.err }));
    });
    child.stderr.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
  }

  /** `modules`: what else it loads before it is told what to do. */
  static start(
    folder: string,
    environment: Record<string, string> = {},
    modules: readonly string[] = [require.resolve('@duckdb/node-api')],
  ): WarmLauncher {
    const { PATH = '' } = process.env;
    const tsx = require.resolve('tsx/cjs');
    const child = spawn(process.execPath, ['--require', tsx, '--eval', waiter(modules)], {
      cwd: folder,
      env: { PATH, HOME: folder, ...environment },
    });
    child.stdin.on('error', () => undefined);
    return new WarmLauncher(child);
  }

  /** Runs a command line; resolves when the process has begun with it. */
  async run(args: readonly string[]): Promise<void> {
    await this.ready;
    this.child.stdout.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stdin.end(`${JSON.stringify(args)}\n`);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(): Promise<EndedLauncher> {
    return await this.ended;
  }
}

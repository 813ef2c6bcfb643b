import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');

/** What a process used, from its start to its end. */
export interface Usage {
  readonly wallSeconds: number;
  /** User and system time of the whole process, threads and processes that it started included. */
  readonly cpuSeconds: number;
  /** Largest resident set: of the process, or of the largest that it started. */
  readonly peakMegabytes: number;
}

export interface MeasuredRun extends Usage {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a measured program runs. */
export interface Surroundings {
  readonly cwd: string;
  /** Besides what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program and measures it. Rejects where it cannot be started; whatever it ends with is in `exitCode`. */
export async function measureProgram(
  program: string,
  args: readonly string[],
  { cwd, environment = {} }: Surroundings,
): Promise<MeasuredRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-usage-'));
  try {
    const file = path.join(folder, 'usage.json');
    const child = spawn('python3', [path.join(__dirname, 'usage.py'), file, program, ...args], {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const said = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
    const usage = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`${program} was not measured:\n${said.stderr}`, { cause: error });
    });
    return { exitCode, ...said, ...(JSON.parse(usage) as Usage) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As `measureProgram`; throws what the program said where it does not end with 0. */
export async function measureSuccess(
  program: string,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<MeasuredRun> {
  const run = await measureProgram(program, args, surroundings);
  if (run.exitCode === 0) return run;
  throw new Error(
    `${[program, ...args].join(' ')}\nended with ${String(run.exitCode)}\n${run.stdout}\n${run.stderr}`,
  );
}

/** Runs the built command as users do, in `cwd`. */
export async function measureBeamlift(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<MeasuredRun> {
  return await measureProgram(process.execPath, [path.join(ROOT, 'bin', 'beamlift.js'), ...args], {
    cwd,
    environment,
  });
}

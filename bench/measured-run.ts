import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');

export interface MeasuredRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallSeconds: number;
  /** User and system time of the whole process, threads included. */
  readonly cpuSeconds: number;
  /** Largest resident set, of the whole process. */
  readonly peakMegabytes: number;
}

/** Runs the built command as users do, in `cwd`, and measures the process from its start to its end. */
export async function measureBeamlift(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<MeasuredRun> {
  const usageFile = path.join(cwd, 'usage.json');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--require', path.join(__dirname, 'usage-at-exit.cjs'), path.join(ROOT, 'bin', 'beamlift.js'), ...args],
    {
      cwd,
      env: { ...process.env, ...environment, BEAMLIFT_USAGE_FILE: usageFile },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallSeconds = (performance.now() - began) / 1000;
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as {
    cpuSeconds: number;
    peakMegabytes: number;
  };
  return { exitCode, stdout, stderr, wallSeconds, ...usage };
}

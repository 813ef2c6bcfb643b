import { spawn, type ChildProcessByStdio } from 'node:child_process';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Workspace } from '../pipelines/workspace';

const ROOT = path.join(__dirname, '..', '..');

/** `run` of the workspace's configuration in a process of its own; its log comes as JSON lines on stderr. */
export function startLauncher(
  workspace: Workspace,
  ...flags: readonly string[]
): ChildProcessByStdio<null, null, Readable> {
  const cli = path.join(ROOT, 'launcher', 'cli.ts');
  const line = ['run', '--log-format', 'json', '-f', workspace.path('beamlift.yaml'), ...flags];
  return spawn(process.execPath, ['--require', 'tsx/cjs', cli, ...line], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

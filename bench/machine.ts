import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Machine } from './results';
import type { Scene } from './scene';

const run = promisify(execFile);

/** What this machine is, and which versions of all that takes part. */
export async function describeMachine({ servers, mysql }: Scene): Promise<Machine> {
  return {
    cores: os.cpus().length,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    versions: {
      'Node.js': process.versions.node,
      PostgreSQL: await postgresVersion(servers),
      MariaDB: await mysqlVersion(mysql),
      DuckDB: await duckdbVersion(),
    },
  };
}

/** The commit that is measured, with a `+` where files differ from it. */
export async function currentCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', args, { cwd: path.join(__dirname, '..') })).stdout.trim();
  try {
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return (await git('rev-parse', '--short', 'HEAD')) + (changed === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

async function postgresVersion({ postgres }: Scene['servers']): Promise<string> {
  const client = await postgres.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version.split(' ')[0] ?? 'unknown';
  } finally {
    await client.end();
  }
}

async function mysqlVersion(mysql: Scene['mysql']): Promise<string> {
  const connection = await mysql.connect();
  try {
    return await new Promise((resolve, reject) => {
      connection.query('SELECT VERSION() AS version', (error, rows) => {
        const [row] = rows as unknown as { version: string }[];
        if (error === null) resolve(row?.version.split('-')[0] ?? 'unknown');
        else reject(error);
      });
    });
  } finally {
    connection.end();
  }
}

async function duckdbVersion(): Promise<string> {
  const file = path.join(__dirname, '..', 'node_modules', '@duckdb', 'node-api', 'package.json');
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  return version;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PostgresServer } from '../test/services/postgres-server';

const run = promisify(execFile);

/** Runs PostgreSQL's own client with these arguments. */
export async function psql(postgres: PostgresServer, args: readonly string[]): Promise<void> {
  const { host, port, user, password } = postgres;
  const connection = ['-X', '-h', host, '-p', String(port), '-U', user, '-d', 'postgres'];
  await run('psql', [...connection, ...args], { env: { ...process.env, PGPASSWORD: password } });
}

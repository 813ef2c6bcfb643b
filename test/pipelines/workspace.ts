import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { main } from '../../launcher/main';
import type { RunReport } from '../../launcher/report';
import { fakeHost, type FakeHost } from '../unit/cli/fake-host';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of `run --json`: one for each job. */
  readonly reports: readonly RunReport[];
}

/** A temporary folder in which the real program is run, and a warehouse that is read without it. */
export class Workspace {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Workspace> {
    return new Workspace(await mkdtemp(path.join(tmpdir(), 'beamlift-workspace-')));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  path(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const file = this.path(name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  host(environment: Record<string, string> = {}): FakeHost {
    return fakeHost({ cwd: this.folder, environment: { HOME: this.folder, ...environment } });
  }

  /** Runs a command line in the folder; `run` gets --json. */
  async beamlift(args: readonly string[], host: FakeHost = this.host()): Promise<CommandResult> {
    const argv = args[0] === 'run' ? [...args, '--json'] : args;
    const code = await main(argv, host);
    const out = host.out.text();
    const reports =
      args[0] === 'run'
        ? out
            .trim()
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as RunReport)
        : [];
    return { code, out, err: host.err.text(), reports };
  }

  /** Statements on the warehouse, as a user would make them. */
  async execute(...statements: string[]): Promise<void> {
    const instance = await DuckDBInstance.create(this.path('warehouse.duckdb'));
    const connection = await instance.connect();
    try {
      for (const sql of statements) await connection.run(sql);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  /** Rows of a query on the warehouse, values as texts; undefined where there is no such table. */
  async query(sql: string, file = 'warehouse.duckdb'): Promise<(string | null)[][] | undefined> {
    const instance = await DuckDBInstance.create(this.path(file), { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    try {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowsJson().map((row) => row.map(shown));
    } catch (error) {
      if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
      throw error;
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

function shown(value: unknown): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A configuration of one local folder (`data`) and one warehouse, with these jobs (YAML, indented by two). */
export function localConfiguration(jobs: string): string {
  return `connections:
  here: { source_type: local, path: data }
destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
defaults: { connection: here, destination: warehouse, load_type: catalog }
jobs:
${jobs}
`;
}

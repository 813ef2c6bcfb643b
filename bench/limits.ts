import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ParquetDecoderChoice } from '../core/plan';
import { literal } from './duckdb';
import { measureSuccess, type Usage } from './measured-run';
import type { Scene } from './scene';

const run = promisify(execFile);

export type LimitName = keyof typeof LIMITS;

/** What a path is compared with: the least that can be done with the same data, or what another program needs for it. */
interface Limit {
  readonly title: string;
  /** Why it cannot be measured here; undefined: it can. */
  readonly missing?: (resources: Resources) => string | undefined;
  readonly measure: (scene: Scene, resources: Resources) => Promise<Usage>;
}

/** What is installed besides this project. */
export interface Resources {
  /** DuckDB's extension that reads PostgreSQL: its file, or why there is none. */
  readonly scanner: { readonly file: string } | { readonly missing: string };
}

const OUTPUT = 'limit-output';

export const LIMITS = {
  // the start of DuckDB, its connections and extensions, and of the decoder is not measured: that of beamlift is subtracted as well
  'copy-binary': {
    title: 'psql: COPY binary to /dev/null',
    measure: async ({ folder, servers: { postgres } }) => {
      const { host, port, user, password } = postgres;
      const login = ['-X', '-q', '-h', host, '-p', String(port), '-U', user, '-d', 'postgres'];
      return await measureSuccess(
        'psql',
        [...login, '-c', String.raw`\copy orders TO '/dev/null' (FORMAT binary)`],
        { cwd: folder, environment: { PGPASSWORD: password } },
      );
    },
  },
  'duckdb-scanner': {
    title: 'DuckDB: PostgreSQL to Parquet',
    missing: ({ scanner }) => ('missing' in scanner ? scanner.missing : undefined),
    measure: async (scene, { scanner }) => {
      const { host, port, user, password } = scene.servers.postgres;
      const login = `host=${host} port=${port} user=${user} dbname=postgres`;
      return await duckdb(scene, ':memory:', { PGPASSWORD: password }, [
        `LOAD ${literal('file' in scanner ? scanner.file : '')}`,
        `ATTACH ${literal(login)} AS shop (TYPE postgres, READ_ONLY)`,
        toParquet('shop.orders'),
      ]);
    },
  },
  'mysql-packets': {
    title: 'mysql2: row packets, counted',
    measure: async (scene) => {
      const { host, port, user, database, password } = scene.mysql;
      const args = [host, String(port), user, database, 'orders'];
      return await script(scene, 'count-mysql-packets', args, { MYSQL_PWD: password });
    },
  },
  'duckdb-csv': {
    title: 'DuckDB: CSV to Parquet',
    measure: async (scene) => await duckdb(scene, ':memory:', {}, [toParquet(`read_csv('orders.csv')`)]),
  },
  'duckdb-json': {
    title: 'DuckDB: JSON to Parquet',
    measure: async (scene) =>
      await duckdb(scene, ':memory:', {}, [
        toParquet(`read_json('orders.jsonl', format = 'newline_delimited')`),
      ]),
  },
  'parquet-decoded': {
    // what a loader without a decoder of its own would need
    title: 'parquet-wasm: Parquet decoded to nowhere',
    measure: async (scene) => await decodeParquet(scene, 'arrow'),
  },
  'parquet-pages': {
    title: 'beamlift: Parquet decoded to nowhere',
    measure: async (scene) => await decodeParquet(scene, 'pages'),
  },
  'duckdb-insert': {
    title: 'DuckDB: INSERT from Parquet',
    measure: async (scene) => {
      const database = path.join(scene.folder, `${OUTPUT}.duckdb`);
      try {
        return await duckdb(scene, database, {}, [
          "CREATE TABLE orders AS SELECT * FROM read_parquet('orders.parquet') LIMIT 0",
          "INSERT INTO orders SELECT * FROM read_parquet('orders.parquet')",
        ]);
      } finally {
        await rm(database, { force: true });
      }
    },
  },
  'copy-csv': { title: 'cp of the file', measure: async (scene) => await copyOf(scene, 'orders.csv') },
  'copy-jsonl': { title: 'cp of the file', measure: async (scene) => await copyOf(scene, 'orders.jsonl') },
  'copy-parquet': {
    title: 'cp of the file',
    measure: async (scene) => await copyOf(scene, 'orders.parquet'),
  },
} as const satisfies Readonly<Record<string, Limit>>;

/** Measures a limit once; its start is not counted, but for the few milliseconds of psql and cp. */
export async function measureLimit(name: LimitName, scene: Scene, resources: Resources): Promise<Usage> {
  const limit: Limit = LIMITS[name];
  return await limit.measure(scene, resources);
}

/** Why a limit cannot be measured; undefined: it can. */
export function missingFor(name: LimitName, resources: Resources): string | undefined {
  const limit: Limit = LIMITS[name];
  return limit.missing?.(resources);
}

function toParquet(from: string): string {
  return `COPY (SELECT * FROM ${from}) TO '${OUTPUT}.parquet' (FORMAT parquet)`;
}

async function duckdb(
  scene: Scene,
  database: string,
  environment: Readonly<Record<string, string>>,
  statements: readonly string[],
): Promise<Usage> {
  try {
    return await script(scene, 'duckdb-work', [database, ...statements], environment);
  } finally {
    await rm(path.join(scene.folder, `${OUTPUT}.parquet`), { force: true });
  }
}

/** A script of `limits`, which measures itself from when everything that it needs is imported. */
async function script(
  { folder, rows }: Scene,
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const file = path.join(__dirname, 'limits', `${name}.ts`);
  const loader = ['--require', require.resolve('tsx/cjs')];
  const { stdout } = await run(process.execPath, [...loader, file, ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  const { rows: seen, ...usage } = JSON.parse(stdout) as Usage & { rows: number };
  if (seen !== rows) throw new Error(`${name} has seen ${seen} rows instead of ${rows}`);
  return usage;
}

async function decodeParquet(scene: Scene, decoder: ParquetDecoderChoice): Promise<Usage> {
  return await script(scene, 'decode-parquet', [decoder, 'few_orders.parquet', 'orders.parquet']);
}

async function copyOf({ folder }: Scene, name: string): Promise<Usage> {
  const to = `${OUTPUT}.copy`;
  try {
    return await measureSuccess('cp', ['--reflink=never', name, to], { cwd: folder });
  } finally {
    await rm(path.join(folder, to), { force: true });
  }
}

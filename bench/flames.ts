/**
 * Flame graphs of docs/benchmarks.md: PostgreSQL to staged Avro, by this commit as built now and by one of before the codecs, which is built in
 * a temporary folder.
 *
 *   npm run bench:flames [-- --rows 300000 --before COMMIT]
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { flameGraph, type CpuProfile } from './flame-graph';
import { measureSuccess } from './measured-run';
import { configureBench, makeOrders, startStandIns } from './stand-ins';

const run = promisify(execFile);
const ROOT = path.join(__dirname, '..');
/** The last one whose rows were cells on every path. */
const BEFORE = '2f6df87~1';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '300000' }, before: { type: 'string', default: BEFORE } },
  });
  const rows = Number(values.rows);
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-flames-'));
  const servers = await startStandIns(true);
  try {
    const before = path.join(folder, 'before');
    await checkOut(values.before, before);
    await build(before);
    await makeOrders(servers.postgres, rows);
    await configureBench(folder, servers, {
      orders: { connection: 'shop', source_table_name: 'public.orders' },
    });
    const title = `PostgreSQL to staged Avro, ${rows.toLocaleString('en-US')} rows`;
    const environment = { PGPASSWORD: servers.postgres.password };
    for (const [name, project, when] of [
      ['flames-before', before, 'before codecs'],
      ['flames-now', ROOT, 'now'],
    ] as const) {
      const profile = await profileOf(project, folder, name, environment);
      await writeFile(path.join(ROOT, 'docs', `${name}.svg`), flameGraph(`${title}, ${when}`, profile));
      console.log(`docs/${name}.svg`);
    }
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of a commit, with the packages that are installed here. */
async function checkOut(commit: string, folder: string): Promise<void> {
  await mkdir(folder);
  const archive = `${folder}.tar`;
  await run('git', ['archive', '--output', archive, commit], { cwd: ROOT });
  await run('tar', ['-xf', archive, '-C', folder]);
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
}

async function build(project: string): Promise<void> {
  await run(
    process.execPath,
    [path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: project,
    },
  );
}

/** Of the thread that did most: each thread writes a profile of its own. Modules are read from their own files, so that frames say which. */
async function profileOf(
  project: string,
  folder: string,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<CpuProfile> {
  const profiles = path.join(folder, name);
  const flags = ['--cpu-prof', '--cpu-prof-dir', profiles, path.join(project, 'dist', 'launcher', 'cli.js')];
  await measureSuccess(process.execPath, [...flags, 'run', 'orders', '--concurrency', '1', '--quiet'], {
    cwd: folder,
    environment,
  });
  const files = await Promise.all(
    (await readdir(profiles)).map(async (file) => {
      const full = path.join(profiles, file);
      return { full, bytes: (await stat(full)).size };
    }),
  );
  const [largest] = files.sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined) throw new Error(`${project} has written no profile`);
  return JSON.parse(await readFile(largest.full, 'utf8')) as CpuProfile;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

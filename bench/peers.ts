/**
 * PostgreSQL `orders` to files that are ready to be loaded: beamlift beside other programs, all of them whole, in one run. Peers are
 * installed from their packages, once; one that cannot be installed or run is named with the reason.
 *
 *   npm run bench:peers [-- --rows 1000000 --rounds 3 --only duckdb,connectorx --json FILE --write-docs]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { PostgresServer } from '../test/services/postgres-server';
import { currentCommit } from './machine';
import { measureProgram, type Usage } from './measured-run';
import { PEERS, type Peer } from './peer-programs';
import { peersTable, type PeerResults, type PeerRounds } from './peer-results';
import { installPython } from './python-packages';
import { measureLoad } from './scene';
import { configureBench, makeOrders, startStandIns, type StandIns } from './stand-ins';
import { textTable } from './text-table';
import { writePeerDocs } from './write-docs';

/** Of the runs that are subtracted as start-up. */
const FEW_ROWS = 10;
/** The slowest needs three minutes for 1,000,000 rows. */
const PEER_TIMEOUT_SECONDS = 900;
/** The end of what a peer says when it fails. */
const SHOWN_CHARACTERS = 300;

interface PeerScene {
  readonly folder: string;
  readonly passwords: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly uri: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const rows = Number(values.rows);
  const only = values.only.split(',').filter((name) => name !== '');
  const note = (what: string): void => console.error(what);
  const peers = PEERS.filter(({ name }) => only.length === 0 || only.includes(name));
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-peers-'));
  let servers: StandIns | undefined;
  try {
    servers = await startStandIns(true);
    const scene = await prepare(folder, servers, rows);
    const results = {
      ...{ date: new Date().toISOString(), commit: await currentCommit(), rows },
      peers: await measureAll(scene, peers, Number(values.rounds), note),
    } satisfies PeerResults;
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, undefined, 2));
    const { heads, rows: lines } = peersTable(results);
    console.log(`\n${textTable(heads, lines)}`);
    if (values['write-docs']) await writePeerDocs(results);
  } finally {
    await servers?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(folder: string, servers: StandIns, rows: number): Promise<PeerScene> {
  const { postgres } = servers;
  await makeOrders(postgres, rows);
  await postgres.execute(
    `CREATE TABLE few_orders AS SELECT * FROM orders WHERE id <= ${FEW_ROWS}; ANALYZE few_orders;
     CREATE ROLE bench LOGIN SUPERUSER PASSWORD 'bench'`,
  );
  const table = (name: string) => ({ connection: 'shop', source_table_name: `public.${name}` });
  await configureBench(folder, servers, { orders: table('orders'), few_orders: table('few_orders') });
  return { folder, passwords: { PGPASSWORD: postgres.password }, rows, uri: uriOf(postgres) };
}

/** Of a role whose password needs no care. */
function uriOf({ host, port }: PostgresServer): string {
  return `postgresql://bench:bench@${host}:${port}/postgres`;
}

async function measureAll(
  scene: PeerScene,
  peers: readonly Peer[],
  rounds: number,
  note: (what: string) => void,
): Promise<readonly PeerRounds[]> {
  const measured = new Map<string, { runs: Usage[]; startUps: Usage[]; missing?: string }>();
  const interpreters = new Map<string, string>();
  for (const { name, packages } of peers) {
    measured.set(name, { runs: [], startUps: [] });
    if (packages.length === 0) continue;
    const installed = await installPython(name, packages, note);
    if ('folder' in installed) interpreters.set(name, path.join(installed.folder, 'bin'));
    else measured.set(name, { runs: [], startUps: [], ...installed });
  }
  for (let round = 1; round <= rounds; round++) {
    for (const peer of peers) {
      const record = measured.get(peer.name);
      if (record === undefined || record.missing !== undefined) continue;
      try {
        const startUp = await measurePeer(scene, peer, 'few_orders', FEW_ROWS, interpreters);
        const run = await measurePeer(scene, peer, 'orders', scene.rows, interpreters);
        record.startUps.push(startUp);
        record.runs.push(run);
        note(`round ${round} of ${rounds}: ${peer.name}: CPU ${run.cpuSeconds.toFixed(2)} s`);
      } catch (error) {
        record.missing = error instanceof Error ? error.message : String(error);
        note(`${peer.name} failed: ${record.missing}`);
      }
    }
  }
  return peers.map(({ name, title, output }) => ({
    ...{ name, title, output, runs: [], startUps: [] },
    ...measured.get(name),
  }));
}

async function measurePeer(
  scene: PeerScene,
  peer: Peer,
  table: string,
  rows: number,
  interpreters: ReadonlyMap<string, string>,
): Promise<Usage> {
  if (peer.name === 'beamlift') return await measureLoad(scene, table, 1, rows);
  const output = path.join(scene.folder, 'output');
  await mkdir(output);
  try {
    const [program = '', ...args] = peer.command(scene.uri, table, output);
    const bin = interpreters.get(peer.name) ?? '';
    const environment = {
      ...{ HOME: output, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      ...peer.environment,
    };
    const limited = ['--kill-after=10', String(PEER_TIMEOUT_SECONDS), program, ...args];
    const { exitCode, stdout, stderr, ...usage } = await measureProgram('timeout', limited, {
      cwd: output,
      environment,
    });
    if (exitCode === 0) return usage;
    throw new Error(
      `it ended with ${String(exitCode)}: ${(stderr + stdout).trim().slice(-SHOWN_CHARACTERS)}`,
    );
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

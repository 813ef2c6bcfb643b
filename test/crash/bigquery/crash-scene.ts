import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { main } from '../../../launcher/main';
import type { RunReport } from '../../../launcher/report';
import { startFaultProxy, type FaultProxy } from '../../fault-proxy/fault-proxy';
import { Faults } from '../../fault-proxy/faults';
import { OneAtATime } from '../../fault-proxy/one-at-a-time';
import type { BigQueryServer } from '../../services/bigquery-server';
import type { GcsServer } from '../../services/gcs-server';
import type { PostgresServer } from '../../services/postgres-server';
import { fakeHost } from '../../unit/cli/fake-host';
import { fileSource, postgresSource, type CrashSource } from './crash-source';
import { tableText, type CrashRow, type LoadCase } from './load-cases';

export interface CrashServers {
  readonly gcs: GcsServer;
  readonly bigquery: BigQueryServer;
  /** Where there are cases that need it. */
  readonly postgres: PostgresServer | undefined;
}

export interface EndedRun {
  readonly code: number;
  /** Undefined: the command ended before a job did. */
  readonly report: RunReport | undefined;
  readonly err: string;
}

/** One job with a folder, a dataset and a staging prefix of its own, and proxies in front of the servers. */
export class CrashScene {
  readonly faults = new Faults();

  private constructor(
    readonly folder: string,
    /** Of the dataset, and of the prefix in the bucket. */
    readonly name: string,
    readonly load: LoadCase,
    readonly source: CrashSource,
    private readonly servers: CrashServers,
    private readonly proxies: readonly FaultProxy[],
  ) {}

  static async create(servers: CrashServers, load: LoadCase, name: string): Promise<CrashScene> {
    const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-crash-'));
    const proxies: FaultProxy[] = [];
    const source = await openSource(servers, load, folder, name);
    const scene = new CrashScene(folder, name, load, source, servers, proxies);
    const posts = new OneAtATime();
    proxies.push(await startFaultProxy(servers.bigquery.endpoint, scene.faults, posts));
    proxies.push(await startFaultProxy(servers.gcs.endpoint, scene.faults));
    proxies.push(await startFaultProxy(servers.bigquery.endpoint, new Faults(), posts));
    for (const [file, rows] of Object.entries(load.files)) await source.add(file, rows);
    await writeFile(path.join(folder, 'beamlift.yaml'), scene.configuration());
    await servers.bigquery.createDataset(name);
    if (load.before !== undefined) await scene.createTable(load.before);
    return scene;
  }

  async remove(): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
    await this.servers.bigquery.request('DELETE', `datasets/${this.name}?deleteContents=true`);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The arguments that run the job, from wherever. */
  command(job = 'rows'): readonly string[] {
    return ['run', job, '--json', '--log-format', 'json', '-f', path.join(this.folder, 'beamlift.yaml')];
  }

  /** Runs a job in this process, which is another one than a killed launcher's. */
  async run(job = 'rows'): Promise<EndedRun> {
    const host = fakeHost({ cwd: this.folder, environment: { HOME: this.folder } });
    const code = await main(['run', job, '--json', '--log-format', 'json'], host);
    const [line] = host.out.text().trim().split('\n').filter(Boolean);
    return {
      code,
      report: line === undefined ? undefined : (JSON.parse(line) as RunReport),
      err: host.err.text(),
    };
  }

  /** The table as a reader of its own sees it; `no table` where there is none. */
  async table(): Promise<string> {
    const rows = await this.servers.bigquery.rows('rows', this.name);
    return tableText(rows?.map(({ id, name }) => ({ id: Number(id), name: String(name) })));
  }

  /** The same by a single request, which cannot see two states of the table. */
  async glance(): Promise<string> {
    const path = `datasets/${this.name}/tables/rows/data?maxResults=100000`;
    const { status, body } = await this.servers.bigquery.request('GET', path);
    if (status === 404) return tableText(undefined);
    if (status !== 200) throw new Error(`${status} of a reader: ${JSON.stringify(body)}`);
    const { rows = [] } = body as { rows?: { f: { v: unknown }[] }[] };
    return tableText(rows.map(({ f: [id, name] }) => ({ id: Number(id?.v), name: String(name?.v) })));
  }

  /** Everything that a finished job should not leave: staged objects, and tables beside its own. */
  async leftovers(): Promise<string[]> {
    const objects = await this.servers.gcs.list(`${this.name}/runs/`);
    const tables = await this.servers.bigquery.tables(this.name);
    return [...objects, ...tables.filter((table) => table !== 'rows').map((table) => `table ${table}`)];
  }

  /** What the job remembers, as text. */
  async state(): Promise<string> {
    return (await this.servers.gcs.read(`${this.name}/state/rows.json`))?.toString() ?? 'no state';
  }

  /** An object of the job's run that is in progress, or was the last; `name`: below its folder. */
  async runObject(name: string): Promise<string> {
    const { run } = JSON.parse(await this.state()) as { run: { id: string } };
    const body = await this.servers.gcs.read(`${this.name}/runs/rows/${run.id}/${name}`);
    if (body === undefined) throw new Error(`run ${run.id} has no ${name}`);
    return body.toString();
  }

  /** Addresses of the servers where nothing is broken or recorded: keys of the destination. */
  get soundEndpoints(): { readonly endpoint: string; readonly staging_endpoint: string } {
    return { endpoint: this.proxies[2]?.endpoint ?? '', staging_endpoint: this.servers.gcs.endpoint };
  }

  /** As if all leases had run out: their holders count as gone. */
  async endLeases(): Promise<void> {
    const { gcs } = this.servers;
    const gone = JSON.stringify({ host: hostname(), pid: process.pid, started: 'never' });
    for (const folder of ['state', 'tables']) {
      for (const name of await gcs.list(`${this.name}/${folder}/`)) {
        const text = (await gcs.read(name))?.toString() ?? '';
        await gcs.write(name, text.replace(/"holder":\{[^{}]*\}/g, `"holder":${gone}`));
      }
    }
  }

  private configuration(): string {
    const [bigquery, gcs] = this.proxies;
    return `connections:
  here: { ${this.source.connection} }
destinations:
  warehouse:
    type: bigquery
    project: ${this.servers.bigquery.project}
    dataset: ${this.name}
    staging: gs://${this.servers.gcs.bucket}/${this.name}
    credentials: anonymous
    endpoint: ${bigquery?.endpoint ?? ''}
    staging_endpoint: ${gcs?.endpoint ?? ''}
defaults: { connection: here, destination: warehouse }
jobs:
  rows: { ${this.source.jobKeys}, ${this.load.keys} }
${this.load.otherJob === undefined ? '' : `  other: { ${this.source.jobKeys}, dest_table_name: rows, ${this.load.otherJob} }\n`}`;
  }

  private async createTable(rows: readonly CrashRow[]): Promise<void> {
    const structs = rows.map(({ id, name }) => `STRUCT(${id} AS id, '${name}' AS name)`);
    await this.servers.bigquery.query(
      `CREATE TABLE \`${this.name}.rows\` AS SELECT * FROM UNNEST([${structs.join(', ')}])`,
    );
  }
}

async function openSource(
  { postgres }: CrashServers,
  load: LoadCase,
  folder: string,
  name: string,
): Promise<CrashSource> {
  if (load.source === 'files') return await fileSource(folder);
  if (postgres === undefined) throw new Error(`${load.name} needs PostgreSQL`);
  return await postgresSource(postgres, name);
}

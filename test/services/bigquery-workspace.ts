import { Faults, type FaultRule } from '../fault-proxy/faults';
import { startFaultProxy, type FaultProxy } from '../fault-proxy/fault-proxy';
import { Workspace, type CommandResult } from '../pipelines/workspace';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

/** Both services, each behind a proxy that records and breaks requests. Shared by the tests of a file. */
export class BigQueryServices {
  private constructor(
    readonly gcs: GcsServer,
    readonly bigquery: BigQueryServer,
    readonly faults: Faults,
    private readonly proxies: readonly [FaultProxy, FaultProxy],
  ) {}

  static async start(): Promise<BigQueryServices> {
    const gcs = await startGcsServer();
    const bigquery = await startBigQueryServer({ storage: gcs.endpoint });
    const faults = new Faults();
    const proxies = [
      await startFaultProxy(gcs.endpoint, faults),
      await startFaultProxy(bigquery.endpoint, faults),
    ] as const;
    return new BigQueryServices(gcs, bigquery, faults, proxies);
  }

  get endpoints(): { readonly staging: string; readonly bigquery: string } {
    return { staging: this.proxies[0].endpoint, bigquery: this.proxies[1].endpoint };
  }

  async stop(): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
    await this.bigquery.stop();
    await this.gcs.stop();
  }
}

let count = 0;

/** A folder with a configuration of one local source (`data`) and a BigQuery destination with a staging folder of its own. */
export class BigQueryWorkspace {
  private constructor(
    readonly services: BigQueryServices,
    readonly workspace: Workspace,
    /** Names of tables and jobs of this workspace begin so. */
    readonly name: string,
  ) {}

  static async create(services: BigQueryServices): Promise<BigQueryWorkspace> {
    count += 1;
    services.faults.set(undefined);
    services.faults.requests.length = 0;
    return new BigQueryWorkspace(services, await Workspace.create(), `w${count}`);
  }

  async remove(): Promise<void> {
    await this.workspace.remove();
  }

  get prefix(): string {
    return `staging-${this.name}`;
  }

  /** One job `JOB` of this workspace into the table of the same name; `destination` replaces fields of the destination. */
  async configure(
    job: Readonly<Record<string, unknown>>,
    destination: Readonly<Record<string, unknown>> = {},
    runners?: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { bigquery, gcs, endpoints } = this.services;
    const configuration = {
      connections: { here: { source_type: 'local', path: 'data' } },
      destinations: {
        warehouse: {
          type: 'bigquery',
          project: bigquery.project,
          dataset: bigquery.dataset,
          staging: `gs://${gcs.bucket}/${this.prefix}`,
          credentials: 'anonymous',
          endpoint: endpoints.bigquery,
          staging_endpoint: endpoints.staging,
          ...destination,
        },
      },
      jobs: {
        [this.name]: {
          connection: 'here',
          file_pattern: '*.csv',
          load_type: 'transactional',
          create_table: true,
          dest_table_name: this.name,
          ...job,
        },
      },
      ...(runners === undefined ? {} : { runners }),
    };
    await this.workspace.write('beamlift.yaml', JSON.stringify(configuration));
  }

  async file(name: string, ...lines: readonly string[]): Promise<void> {
    await this.workspace.write(`data/${name}`, `${lines.join('\n')}\n`);
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    return await this.workspace.beamlift(['run', ...args]);
  }

  /** Breaks requests from now on. */
  break(rule: FaultRule | undefined): void {
    this.services.faults.set(rule);
  }

  /** Rows of the table as texts, in order of all columns; undefined: there is no table. */
  async rows(columns: string, table = this.name): Promise<string[] | undefined> {
    if (!(await this.services.bigquery.tables()).includes(table)) return undefined;
    const served = await this.services.bigquery.query(
      `SELECT ${columns} FROM \`${table}\` ORDER BY ${columns}`,
    );
    return served.map((row) => Object.values(row).map(String).join('|'));
  }

  async execute(sql: string): Promise<void> {
    await this.services.bigquery.query(sql);
  }

  /** Names of what is in the staging folder, without the folder. */
  async staged(): Promise<string[]> {
    const names = await this.services.gcs.list(`${this.prefix}/`);
    return names.map((name) => name.slice(this.prefix.length + 1));
  }
}

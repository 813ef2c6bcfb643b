import { Workspace, type CommandResult } from '../pipelines/workspace';
import { BigQueryServices } from '../services/bigquery-workspace';
import { startPostgres, type PostgresServer } from '../services/postgres-server';

/** The password of the source, as an environment variable that the configuration refers to. */
const PASSWORD_VARIABLE = 'SHOP_PASSWORD';

/**
 * A shop whose orders are in PostgreSQL, and a warehouse for them: real programs, real loads, whoever runs the units. A view `broken` of
 * the orders can be planned, and not read: the database divides by zero.
 */
export class Shop {
  private constructor(
    private readonly postgres: PostgresServer,
    readonly services: BigQueryServices,
    readonly workspace: Workspace,
  ) {}

  /** For a `before` hook; `close` in `after`. */
  static async open(rows: number): Promise<Shop> {
    const [postgres, services, workspace] = await Promise.all([
      startPostgres(),
      BigQueryServices.start(),
      Workspace.create(),
    ]);
    const shop = new Shop(postgres, services, workspace);
    await shop.execute(`CREATE TABLE orders (
        id bigint PRIMARY KEY, customer text, amount numeric(12,2), weight double precision, paid boolean,
        ordered date, changed timestamptz, note jsonb, tags text[]);
      INSERT INTO orders SELECT id, CASE WHEN id % 7 = 0 THEN NULL ELSE 'Ünïcode "' || id || '"' || chr(10) END,
        id * 1.01, id / 3.0, id % 2 = 0, date '2024-01-01' + (id % 366)::int,
        timestamptz '2024-02-29 12:00:00.000001Z' + id * interval '1 minute', jsonb_build_object('id', id), ARRAY['a' || id % 3, 'b']
      FROM generate_series(1, ${rows}) AS id; ANALYZE orders;
      CREATE VIEW broken AS SELECT id, 1 / (id - ${Math.ceil(rows / 2)}) AS share FROM orders`);
    return shop;
  }

  async close(): Promise<void> {
    await Promise.all([this.postgres.stop(), this.services.stop(), this.workspace.remove()]);
  }

  /** Statements on the source. */
  async execute(sql: string): Promise<void> {
    await this.postgres.execute(sql);
  }

  /** What workers in processes of their own need to resolve the references of the configuration. */
  get secrets(): Readonly<Record<string, string>> {
    return { [PASSWORD_VARIABLE]: this.postgres.password };
  }

  /** One job of this name that loads a table of this name. */
  async configure(
    name: string,
    job: Readonly<Record<string, unknown>>,
    portable?: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { bigquery, gcs, endpoints } = this.services;
    const { host, port, user } = this.postgres;
    const configuration = {
      connections: {
        shop: {
          source_type: 'postgresql',
          host,
          port,
          user,
          database: 'postgres',
          password: `\${env:${PASSWORD_VARIABLE}}`,
          sslmode: 'disable',
        },
      },
      destinations: {
        warehouse: {
          type: 'bigquery',
          project: bigquery.project,
          dataset: bigquery.dataset,
          staging: `gs://${gcs.bucket}/${name}`,
          credentials: 'anonymous',
          endpoint: endpoints.bigquery,
          staging_endpoint: endpoints.staging,
        },
      },
      jobs: {
        [name]: {
          connection: 'shop',
          destination: 'warehouse',
          source_table_name: 'orders',
          load_type: 'catalog',
          create_table: true,
          dest_table_name: name,
          ...job,
        },
      },
      ...(portable === undefined ? {} : { runners: { portable } }),
    };
    await this.workspace.write('beamlift.yaml', JSON.stringify(configuration));
  }

  async run(...args: readonly string[]): Promise<CommandResult> {
    return await this.workspace.beamlift(['run', ...args], this.workspace.host(this.secrets));
  }

  /** Rows of a table as JSON texts, in order. Empty where there is no such table. */
  async rows(table: string): Promise<string[]> {
    if (!(await this.services.bigquery.tables()).includes(table)) return [];
    const rows = await this.services.bigquery.query(`SELECT * FROM \`${table}\` ORDER BY id`);
    return rows.map((row) => JSON.stringify(row));
  }

  /** Names of what a job's runs have left in the staging folder. */
  async staged(name: string): Promise<string[]> {
    const { gcs } = this.services;
    return await gcs.list(`${name}/runs/`);
  }
}

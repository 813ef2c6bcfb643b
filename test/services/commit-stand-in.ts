import assert from 'node:assert/strict';
import type { TableReference, TableResource } from '../../core/clients/bigquery-api';
import type { Row } from '../../core/cells';
import type { Manifest } from '../../core/manifest';
import type { RunContext } from '../../core/plan';
import { commitPlanSchema, type CommitPlan } from '../../loaders/bigquery/commit-plan';
import { planCommit, type CommitInput } from '../../loaders/bigquery/plan-commit';
import { BIGQUERY_NDJSON } from '../../loaders/bigquery/rules';
import { compileAvroEncoder } from '../../transforms/encode/avro';
import { compileNdjsonEncoder } from '../../transforms/encode/ndjson';
import { digestsOf, manifestOf } from '../unit/bigquery/commit-fixture';
import { startBigQueryServer, type BigQueryServer } from './bigquery-server';
import { startGcsServer, type GcsServer } from './gcs-server';

/** Stages rows and carries out plans by plain requests, one after the other, without any of the care that a real commit takes. */
export class CommitStandIn {
  private tables = 0;
  private jobs = 0;

  private constructor(
    private readonly gcs: GcsServer,
    readonly bigquery: BigQueryServer,
  ) {}

  static async start(): Promise<CommitStandIn> {
    const gcs = await startGcsServer();
    try {
      return new CommitStandIn(gcs, await startBigQueryServer({ storage: gcs.endpoint }));
    } catch (error) {
      await gcs.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.bigquery.stop();
    await this.gcs.stop();
  }

  newTable(): TableReference {
    const { project, dataset } = this.bigquery;
    return { projectId: project, datasetId: dataset, tableId: `orders_${this.tables++}` };
  }

  private async expectOk(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.bigquery.request(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async getTable(table: TableReference): Promise<TableResource | undefined> {
    const answer = await this.bigquery.request('GET', `datasets/${table.datasetId}/tables/${table.tableId}`);
    return answer.status === 404 ? undefined : (answer.body as unknown as TableResource);
  }

  async create(table: TableReference, resource: object): Promise<void> {
    await this.expectOk('POST', `datasets/${table.datasetId}/tables`, { tableReference: table, ...resource });
  }

  /** One file a unit. */
  async stage(context: RunContext, units: readonly (readonly Row[])[]): Promise<Manifest[]> {
    const manifests: Manifest[] = [];
    for (const [index, rows] of units.entries()) {
      const body = encoded(context, rows);
      const name = `parts/${context.runId}/${index}.${context.stagingFormat}`;
      await this.gcs.write(name, body);
      const part = { uri: `gs://${this.gcs.bucket}/${name}`, rows: rows.length, bytes: body.length };
      manifests.push(manifestOf(context, `u${index}`, [part], { digests: digestsOf(context, rows) }));
    }
    return manifests;
  }

  async runJob(configuration: object): Promise<Record<string, Record<string, unknown>>> {
    const jobReference = { projectId: this.bigquery.project, jobId: `job-${this.jobs++}`, location: 'US' };
    let job = await this.expectOk('POST', 'jobs', { jobReference, configuration });
    while ((job['status'] as { state: string }).state !== 'DONE') {
      await new Promise((resolve) => setTimeout(resolve, 20));
      job = await this.expectOk('GET', `jobs/${jobReference.jobId}?location=US`);
    }
    const { errorResult } = job['status'] as { errorResult?: unknown };
    assert.equal(errorResult, undefined, JSON.stringify(errorResult));
    return job['statistics'] as Record<string, Record<string, unknown>>;
  }

  /** What the proofs say that is not as expected. */
  async disproved(plan: CommitPlan): Promise<string[]> {
    const wrong: string[] = [];
    for (const { sql, expected, meaning } of plan.proofs) {
      const [row] = await this.bigquery.query(sql);
      for (const [name, value] of Object.entries(expected)) {
        if (row?.[name] !== value)
          wrong.push(`${meaning[name]}: ${String(row?.[name])}, not ${String(value)}`);
      }
    }
    return wrong;
  }

  /** Everything of a plan, in its order; returns what the publishing job counted. */
  async carryOut(planned: CommitPlan): Promise<number | undefined> {
    const plan = commitPlanSchema.parse(JSON.parse(JSON.stringify(planned)));
    for (const { reference, resource } of plan.temporaryTables) await this.create(reference, resource);
    for (const { configuration, expectedRows } of plan.prepare) {
      const statistics = await this.runJob(configuration);
      assert.equal(Number(statistics['load']?.['outputRows']), expectedRows);
    }
    assert.deepEqual(await this.disproved(plan), []);
    if (plan.createTable !== null) await this.create(plan.createTable.reference, plan.createTable.resource);
    if (plan.addColumns.length > 0) {
      const { datasetId, tableId } = plan.table;
      const fields = [...((await this.getTable(plan.table))?.schema?.fields ?? []), ...plan.addColumns];
      await this.expectOk('PATCH', `datasets/${datasetId}/tables/${tableId}`, { schema: { fields } });
    }
    let counted: number | undefined;
    if (plan.publish !== null) {
      const statistics = await this.runJob(plan.publish.configuration);
      const dml = statistics['query']?.['dmlStats'] as Record<string, string> | undefined;
      counted = {
        'output-rows': Number(statistics['load']?.['outputRows']),
        'copied-rows': Number(statistics['copy']?.['copiedRows']),
        'inserted-rows': Number(dml?.['insertedRowCount']),
        // A script does not say: it has compared them itself.
        'moved-rows': plan.rowsStaged,
        'merged-rows': Number(dml?.['insertedRowCount'] ?? 0) + Number(dml?.['updatedRowCount'] ?? 0),
        none: undefined,
      }[plan.proofOfPublish];
    }
    for (const { reference } of plan.temporaryTables) {
      await this.expectOk('DELETE', `datasets/${reference.datasetId}/tables/${reference.tableId}`);
    }
    return counted;
  }

  /** The plan of a commit into the table as it is now. */
  async plan(
    context: RunContext,
    manifests: readonly Manifest[],
    table: TableReference,
    more: Partial<CommitInput> = {},
  ): Promise<CommitPlan> {
    return planCommit({
      context,
      manifests,
      manifestHash: 'h',
      table,
      existing: await this.getTable(table),
      location: 'US',
      nowMs: Date.now(),
      ...more,
    });
  }

  /** Stages the rows of each unit and publishes them: see `carryOut`. */
  async load(
    context: RunContext,
    units: readonly (readonly Row[])[],
    table: TableReference,
    more: Partial<CommitInput> = {},
  ): Promise<number | undefined> {
    return await this.carryOut(await this.plan(context, await this.stage(context, units), table, more));
  }
}

function encoded(context: RunContext, rows: readonly Row[]): Buffer {
  if (context.stagingFormat === 'ndjson') {
    const encode = compileNdjsonEncoder(context.destinationSchema, BIGQUERY_NDJSON);
    return Buffer.from(rows.map(encode).join(''));
  }
  const encoder = compileAvroEncoder(context.destinationSchema, { codec: 'deflate' });
  for (const row of rows) assert.ok(encoder.add(row));
  return Buffer.concat([encoder.header, encoder.takeBlock()]);
}

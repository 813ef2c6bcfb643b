import assert from 'node:assert/strict';
import type { DatasetResource, TableField, TableResource } from '../../../core/clients/bigquery-api';
import type { RunContext, TableOptions } from '../../../core/plan';
import type { Column, ColumnType } from '../../../core/schema';
import { reviewPlan } from '../../../loaders/bigquery/review-plan';
import { hasCode } from '../../has-code';
import { arrayOf, decimal, INT64, STRING, structOf, timestamp, time } from '../transforms/conversion-case';
import { CONTEXT } from './staged-run';

const DATASET: DatasetResource = { location: 'EU' };

const TYPES: Readonly<Record<string, ColumnType>> = {
  id: INT64,
  at: timestamp('us'),
  local: { kind: 'datetime', unit: 'us' },
  day: { kind: 'date' },
  amount: decimal(10, 2),
  ratio: { kind: 'float', bits: 64 },
  name: STRING,
  body: { kind: 'json' },
  raw: { kind: 'bytes' },
  clock: time('us'),
  tags: arrayOf(STRING),
  r: structOf([['a', INT64]]),
};

const COLUMNS: Column[] = Object.entries(TYPES).map(([name, type]) => ({ name, type, nullable: true }));

function contextOf(changes: Partial<RunContext> = {}): RunContext {
  return {
    ...CONTEXT,
    destination: {
      type: 'bigquery',
      destinationName: 'warehouse',
      config: { project: 'my-project', dataset: 'raw' },
      table: 'orders',
    },
    columns: COLUMNS.map(({ name, type }) => ({
      source: `source_${name}`,
      destination: name,
      sourceType: type,
      destinationType: type,
    })),
    destinationSchema: { columns: COLUMNS, primaryKey: [] },
    ...changes,
  };
}

/** A plan for a table that is not there. */
function creating(tableOptions: Partial<TableOptions>, changes: Partial<RunContext> = {}): string[] {
  const context = contextOf({ tableOptions: { clusterBy: [], ...tableOptions }, ...changes });
  return reviewPlan(context, undefined, DATASET);
}

function tableOf(more: Partial<TableResource> = {}, fields: readonly TableField[] = []): TableResource {
  return {
    tableReference: { projectId: 'my-project', datasetId: 'raw', tableId: 'orders' },
    type: 'TABLE',
    location: 'EU',
    schema: { fields },
    ...more,
  };
}

function loading(changes: Partial<RunContext>, existing: Partial<TableResource> = {}): string[] {
  return reviewPlan(contextOf({ createTable: false, ...changes }), tableOf(existing), undefined);
}

const refused = (pattern: RegExp) => hasCode('PLAN_REFUSED', pattern);

describe('the review of a plan for BigQuery', () => {
  it('has nothing to say about a plain load', () => {
    assert.deepEqual(creating({}), []);
    assert.deepEqual(loading({}), []);
  });

  it('needs the dataset', () => {
    assert.throws(
      () => reviewPlan(contextOf(), undefined, undefined),
      hasCode('DATASET_NOT_FOUND', /no dataset raw in project my-project/),
    );
    const other = contextOf({ destination: { ...contextOf().destination, dataset: 'other' } });
    assert.throws(() => reviewPlan(other, undefined, undefined), hasCode('DATASET_NOT_FOUND', /other/));
  });

  it('needs it where the destination says', () => {
    const said = (location: string): RunContext =>
      contextOf({
        destination: { ...contextOf().destination, config: { project: 'p', dataset: 'd', location } },
      });
    assert.deepEqual(reviewPlan(said('eu'), undefined, DATASET), []);
    assert.throws(() => reviewPlan(said('US'), undefined, DATASET), refused(/is in EU.*says US/));
    assert.throws(() => reviewPlan(said('US'), tableOf(), undefined), refused(/is in EU/));
  });

  for (const [type, word] of [
    ['VIEW', 'a view'],
    ['MATERIALIZED_VIEW', 'a materialised view'],
    ['EXTERNAL', 'an external table'],
    ['SNAPSHOT', 'a snapshot'],
  ] as const) {
    it(`refuses ${word}`, () => {
      assert.throws(() => loading({}, { type }), refused(new RegExp(`my-project.raw.orders is ${word}`)));
    });
  }

  it('takes 10,000 columns and no more, fields within records and new ones included', () => {
    const field = (index: number): TableField => ({ name: `c${index}`, type: 'STRING' });
    const fields = Array.from({ length: 9_996 }, (_, index) => field(index));
    const record: TableField = { name: 'rec', type: 'RECORD', fields: [field(1), field(2)] };
    const added: Column[] = [{ name: 'new', type: STRING, nullable: true }];
    const schema = { fields: [...fields, record] };
    assert.deepEqual(loading({ newColumns: added }, { schema }), []);
    assert.throws(
      () => loading({ newColumns: [...added, ...added] }, { schema }),
      refused(/10,?001 columns/),
    );
  });

  it('takes records nested 15 levels deep, and no deeper', () => {
    const nested = (levels: number): ColumnType =>
      levels === 0 ? INT64 : structOf([['a', arrayOf(nested(levels - 1))]]);
    const plan = (levels: number) =>
      creating(
        {},
        {
          destinationSchema: {
            columns: [{ name: 'deep', type: nested(levels), nullable: true }],
            primaryKey: [],
          },
        },
      );
    assert.deepEqual(plan(15), []);
    assert.throws(() => plan(16), refused(/"deep" has records nested deeper than the 15 levels/));
  });

  describe('of table_options', () => {
    for (const [by, column] of [
      ['hour', 'at'],
      ['hour', 'local'],
      ['day', 'at'],
      ['day', 'local'],
      ['day', 'day'],
      ['month', 'day'],
      ['year', 'at'],
    ] as const) {
      it(`takes ${by}s of ${column}`, () => {
        assert.deepEqual(creating({ partitionBy: { by, column } }), [
          `The table is created partitioned by the ${by} of ${column}.`,
        ]);
      });
    }

    for (const [by, column] of [
      ['hour', 'day'],
      ['day', 'name'],
      ['day', 'id'],
      ['day', 'tags'],
      ['month', 'clock'],
      ['year', 'r'],
    ] as const) {
      it(`refuses ${by}s of ${column}`, () => {
        assert.throws(
          () => creating({ partitionBy: { by, column } }),
          refused(new RegExp(`cannot be partitioned by ${by}s of "${column}"`)),
        );
      });
    }

    it('takes ranges of whole numbers, up to 10,000 of them', () => {
      const range = (end: number, column = 'id') =>
        creating({ partitionBy: { by: 'range', column, start: 0, end, interval: 10 } });
      assert.deepEqual(range(100_000), ['The table is created partitioned by ranges of 10 of id.']);
      assert.throws(() => range(100_001), refused(/make 10001 partitions/));
      assert.throws(() => range(100, 'amount'), refused(/ranges of numbers of "amount"/));
    });

    it('knows the columns that there are', () => {
      assert.throws(
        () => creating({ partitionBy: { by: 'day', column: 'AT' } }),
        refused(/partition_by of table_options names "AT"/),
      );
      assert.throws(() => creating({ clusterBy: ['nam'] }), refused(/cluster_by .*"nam"/));
    });

    it('takes up to four columns to cluster by, of types that have an order', () => {
      assert.deepEqual(creating({ clusterBy: ['id', 'name', 'amount', 'at'] }), [
        'The table is created clustered by id, name, amount, at.',
      ]);
      assert.throws(
        () => creating({ clusterBy: ['id', 'name', 'amount', 'at', 'day'] }),
        refused(/names 5 columns/),
      );
      assert.throws(() => creating({ clusterBy: ['id', 'id'] }), refused(/"id" twice/));
      for (const column of ['ratio', 'body', 'raw', 'clock', 'tags', 'r']) {
        assert.throws(
          () => creating({ clusterBy: [column] }),
          refused(new RegExp(`cannot be clustered by "${column}"`)),
        );
      }
    });

    it('says that they change nothing of a table that is there', () => {
      const partitionBy = { by: 'month', column: 'at' } as const;
      const said = (existing: Partial<TableResource>, partitioning: RunContext['partitioning']) =>
        loading({ tableOptions: { clusterBy: ['id'], partitionBy }, partitioning }, existing);
      const notice = ['The table is there already, and is not what table_options say: it stays as it is.'];
      assert.deepEqual(said({ clustering: { fields: ['id'] } }, { by: 'month', column: 'at' }), []);
      assert.deepEqual(said({ clustering: { fields: ['name'] } }, { by: 'month', column: 'at' }), notice);
      assert.deepEqual(said({ clustering: { fields: ['id'] } }, { by: 'day', column: 'at' }), notice);
      assert.deepEqual(said({}, null), notice);
    });
  });

  describe('of a merge', () => {
    const merge = (keyColumns: string[], existing: Partial<TableResource> = {}) =>
      loading({ disposition: 'merge', keyColumns }, existing);

    it('takes keys that can be compared, and says that it is a query', () => {
      assert.match(merge(['id', 'name', 'amount', 'at', 'raw'])[0] ?? '', /billed/);
    });

    for (const key of ['ratio', 'body', 'tags', 'r']) {
      it(`refuses the key ${key}`, () => {
        assert.throws(() => merge([key]), refused(new RegExp(`cannot be merged by column "${key}"`)));
      });
    }

    it('refuses geography, which is text to load', () => {
      const columns: Column[] = [{ name: 'g', type: STRING, nullable: true, nativeType: 'GEOGRAPHY' }];
      assert.throws(
        () =>
          loading({
            disposition: 'merge',
            keyColumns: ['g'],
            destinationSchema: { columns, primaryKey: [] },
          }),
        refused(/geography/),
      );
    });

    it('refuses a table that demands a partition filter; an append to it is fine', () => {
      const demanding = [
        { requirePartitionFilter: true },
        { timePartitioning: { type: 'DAY', requirePartitionFilter: true } },
      ];
      for (const table of demanding) {
        assert.throws(() => merge(['id'], table), refused(/partition filter/));
        assert.deepEqual(loading({}, table), []);
        assert.deepEqual(loading({ disposition: 'replace' }, table), []);
      }
    });
  });

  describe('of windows and partitions', () => {
    const cover = (
      by: 'hour' | 'day' | 'month' | 'year',
      lower: string,
      upper: string,
      column = 'source_at',
      disposition: RunContext['disposition'] = 'append',
    ) =>
      loading({
        disposition,
        partitioning: { by, column: 'at' },
        window: {
          column,
          lower: { value: lower, inclusive: true },
          upper: { value: upper, inclusive: false },
        },
      });

    it('says when one job may change more than 4,000', () => {
      assert.deepEqual(cover('hour', '2024-01-01T00:00:00Z', '2024-06-15T15:59:59.999999Z'), []);
      const [notice] = cover('hour', '2024-01-01T00:00:00Z', '2024-06-15T16:00:00Z');
      assert.match(notice ?? '', /covers 4,?001 partitions.*one transaction, which is billed as a query/);
      const [tooMany] = cover('day', '1900-01-01', '2024-01-01');
      assert.match(tooMany ?? '', /a table has at most 10000.*Choose larger partitions/);
      const [replaced] = cover('day', '1990-01-01', '2024-01-01', 'source_at', 'replace');
      assert.match(replaced ?? '', /nothing will be published.*--start-date and --end-date/);
      assert.deepEqual(cover('month', '1900-01-01', '2024-01-01'), []);
      assert.deepEqual(cover('year', '0001-01-01', '2024-01-01'), []);
    });

    it('says nothing where the window is of another column, or open', () => {
      assert.deepEqual(cover('hour', '1900-01-01', '2024-01-01', 'source_local'), []);
      assert.deepEqual(
        loading({
          partitioning: { by: 'hour', column: 'at' },
          window: { column: 'source_at', lower: null, upper: { value: '2024-01-01', inclusive: false } },
        }),
        [],
      );
    });

    it('knows ranges of numbers', () => {
      const range = (upper: string) =>
        loading({
          partitioning: { by: 'range', column: 'id', start: 0, end: 1_000_000, interval: 10 },
          window: {
            column: 'source_id',
            lower: { value: '0', inclusive: true },
            upper: { value: upper, inclusive: false },
          },
        });
      assert.deepEqual(range('39990'), []);
      assert.equal(range('50000').length, 1);
    });
  });

  it('says when the table will be deleted by itself', () => {
    const dataset = { ...DATASET, defaultTableExpirationMs: '172800000' };
    assert.deepEqual(reviewPlan(contextOf(), undefined, dataset), [
      'Tables of the dataset expire: BigQuery deletes this one 2 days after it is created.',
    ]);
    assert.deepEqual(loading({}, { expirationTime: String(Date.UTC(2026, 0, 2, 3, 4)) }), [
      'The table expires: BigQuery deletes it at 2026-01-02 03:04 UTC.',
    ]);
  });

  it('says which fields within records must be there', () => {
    const fields: readonly TableField[] = [
      { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
      {
        name: 'r',
        type: 'RECORD',
        fields: [
          { name: 'a', type: 'INTEGER', mode: 'REQUIRED' },
          { name: 'in', type: 'RECORD', fields: [{ name: 'b', type: 'INTEGER', mode: 'REQUIRED' }] },
        ],
      },
      { name: 'other', type: 'RECORD', fields: [{ name: 'x', type: 'INTEGER', mode: 'REQUIRED' }] },
    ];
    const [notice] = loading({}, { schema: { fields } });
    assert.match(notice ?? '', /Required within records: r\.a, r\.in\.b\./);
  });

  it('says that strict checks are queries', () => {
    assert.match(loading({ verify: 'strict' })[0] ?? '', /temporary table by queries/);
  });

  it('tells a first append that its rows may be there already', () => {
    const first = (changes: Partial<RunContext>, rows = '7'): string[] =>
      reviewPlan(contextOf({ createTable: false, ...changes }), tableOf({ numRows: rows }), undefined, true);
    const files = { kind: 'files', pattern: '*.csv', format: 'csv', options: {} } as const;
    const source = { ...CONTEXT.source, object: files };
    const open = { column: 'at', lower: null, upper: null };
    const table = { ...CONTEXT.source, object: { kind: 'table', name: 'orders' } as const };
    assert.match(first({ source, window: null })[0] ?? '', /has 7 rows.*never loaded.*catalog/);
    assert.match(first({ source: table, window: open })[0] ?? '', /has 7 rows.*last_sync_value/);
    assert.deepEqual(first({ source, window: null }, '0'), []);
    assert.deepEqual(first({ source, window: null, disposition: 'replace' }), []);
    assert.deepEqual(first({ window: { ...open, lower: { value: '5', inclusive: true } } }), []);
    assert.deepEqual(loading({ source, window: null }, { numRows: '7' }), []);
  });

  it('tells that NDJSON does not keep JSON null apart from NULL', () => {
    assert.deepEqual(creating({}, { stagingFormat: 'ndjson' }), [
      'Staged as NDJSON, a JSON document that is just `null` becomes NULL: body.',
    ]);
    const without = COLUMNS.filter(({ name }) => name !== 'body');
    const destinationSchema = { columns: without, primaryKey: [] };
    assert.deepEqual(creating({}, { stagingFormat: 'ndjson', destinationSchema }), []);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { z } from 'zod';
import { manifestSchema, type Manifest } from '../../../core/manifest';
import { openRecord } from '../../../core/open-record';
import { planSchema, windowSchema, workUnitSchema, type Plan, type WorkUnit } from '../../../core/plan';
import { DEFAULT_POLICIES } from '../../../core/policies';
import { formatType } from '../../../core/format-type';
import { columnTypeSchema, type ColumnType } from '../../../core/schema';
import { TIME_UNITS } from '../../../core/time-unit';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', ''));
const unitOfTime = fc.constantFrom(...TIME_UNITS);

const columnType: fc.Arbitrary<ColumnType> = fc.letrec<{ type: ColumnType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<ColumnType>(
      { kind: 'bool' },
      { kind: 'bytes' },
      { kind: 'json' },
      { kind: 'variant' },
      { kind: 'uuid' },
      { kind: 'date' },
      { kind: 'interval' },
      { kind: 'float', bits: 32 },
      { kind: 'decimal' },
      { kind: 'decimal', precision: 38, scale: 9 },
      { kind: 'decimal', precision: 2, scale: -3 },
      { kind: 'int', bits: 128 },
      { kind: 'int', bits: 8, unsigned: true },
      { kind: 'string' },
      { kind: 'string', maxLength: 0 },
    ),
    fc.record({ kind: fc.constant('string' as const), values: fc.array(text) }),
    fc.record({
      kind: fc.constantFrom('time' as const, 'datetime' as const, 'timestamp' as const),
      unit: unitOfTime,
    }),
    fc.record({ kind: fc.constant('array' as const), element: tie('type') }),
    fc.record({
      kind: fc.constant('struct' as const),
      fields: fc.array(fc.record({ name: text, type: tie('type') }), { maxLength: 3 }),
    }),
  ),
})).type;

const bound = fc.option(fc.record({ value: text, inclusive: fc.boolean() }));
const workUnit: fc.Arbitrary<WorkUnit> = fc.oneof(
  fc.record({ id: text, kind: fc.constant('all' as const) }),
  fc.record({ id: text, kind: fc.constant('is-null' as const), column: text, estimatedRows: fc.nat() }),
  fc.record({ id: text, kind: fc.constant('range' as const), column: text, lower: bound, upper: bound }),
  fc.record({
    id: text,
    kind: fc.constant('hash' as const),
    column: text,
    modulus: fc.integer({ min: 1, max: 99 }),
    remainder: fc.nat(),
  }),
  fc.record({ id: text, kind: fc.constant('file' as const), uri: text, bytes: fc.nat(), version: text }),
  fc.record({
    id: text,
    kind: fc.constant('files' as const),
    files: fc.array(fc.record({ uri: text, bytes: fc.nat(), version: text, lastModified: text }), {
      minLength: 2,
      maxLength: 4,
    }),
  }),
);

function throughJson(schema: z.ZodType, value: unknown): unknown {
  return JSON.parse(JSON.stringify(schema.parse(JSON.parse(JSON.stringify(value)))));
}

function plan(units: WorkUnit[], type: ColumnType, policyColumn: string): Plan {
  const column = { name: 'a', type, nullable: true };
  return {
    context: {
      planVersion: 1,
      codeVersion: '0.1.0',
      runId: 'run',
      job: 'orders',
      fingerprint: 'f',
      fence: 1,
      source: {
        type: 'postgresql',
        connectionName: 'shop',
        connection: { host: '127.0.0.1', password: '${env:SHOP_PASSWORD}' },
        object: { kind: 'table', schema: 'public', name: 'orders' },
        maxConnections: 8,
      },
      destination: { type: 'duckdb', destinationName: 'local', config: { path: '/a' }, table: 'orders' },
      disposition: 'append',
      keyColumns: [],
      columns: [{ source: 'a', destination: 'a', sourceType: type, destinationType: type }],
      sourceSchema: { columns: [column], primaryKey: [] },
      destinationSchema: { columns: [column], primaryKey: [] },
      createTable: true,
      allowEmpty: false,
      window: { column: 'a', lower: null, upper: { value: '2024-01-01', inclusive: false } },
      limit: null,
      nextWatermark: '2024-01-01',
      policies: {
        ...DEFAULT_POLICIES,
        columns: JSON.parse(
          `{${JSON.stringify(policyColumn)}:{"nan":"fail"}}`,
        ) as Plan['context']['policies']['columns'],
      },
      maxRejects: 0,
      stagingFolder: '/tmp/x',
      rejectFolder: '/tmp/y',
      newColumns: [],
      backfill: false,
      stagingFormat: 'ndjson',
      verify: 'counts',
      tableOptions: { clusterBy: [] },
      partitioning: null,
    },
    units,
    estimate: { rows: 1, bytes: null, quality: 'exact' },
    runner: 'in-process',
    runnerReason: 'small',
    large: false,
    splitReason: 'one',
    notices: [],
  };
}

describe('plans', () => {
  it('are plain JSON: what is written is what is read', () => {
    fc.assert(
      fc.property(fc.array(workUnit, { maxLength: 4 }), columnType, text, (units, type, name) => {
        const written = plan(units, type, name);
        assert.deepEqual(throughJson(planSchema, written), JSON.parse(JSON.stringify(written)));
      }),
    );
  });

  it('keep the policy of a column called __proto__', () => {
    const read = planSchema.parse(plan([], { kind: 'bool' }, '__proto__'));
    assert.deepEqual(read.context.policies.columns['__proto__'], { nan: 'fail' });
    assert.equal(read.context.policies.columns['constructor'], undefined);
  });

  it('refuse what they do not know', () => {
    const written = plan([], { kind: 'bool' }, 'a');
    assert.ok(!planSchema.safeParse({ ...written, later: 1 }).success);
    assert.ok(!planSchema.safeParse({ ...written, context: { ...written.context, planVersion: 2 } }).success);
    assert.ok(!planSchema.safeParse({ ...written, context: { ...written.context, fence: 1.5 } }).success);
    assert.ok(!workUnitSchema.safeParse({ id: 'a', kind: 'rows' }).success);
    assert.ok(!windowSchema.safeParse({ column: 'a', lower: null }).success);
    assert.ok(!columnTypeSchema.safeParse({ kind: 'int', bits: 24 }).success);
    assert.ok(!columnTypeSchema.safeParse({ kind: 'array' }).success);
  });
});

describe('manifests', () => {
  const manifest = (column: string): Manifest => ({
    runId: 'run',
    unit: 'r0001',
    attempt: 'x',
    parts: [{ uri: 'a.ndjson', rows: 3, bytes: 100 }],
    bytesStaged: 100,
    counts: {
      rowsExtracted: 4,
      rowsStaged: 3,
      rowsRejected: 1,
      rowsFiltered: 0,
      losses: JSON.parse(`{${JSON.stringify(column)}:{"nan":2}}`) as Manifest['counts']['losses'],
    },
  });

  it('are plain JSON, whatever a column is called', () => {
    fc.assert(
      fc.property(text, (name) => {
        const written = manifest(name);
        const read = throughJson(manifestSchema, written);
        assert.deepEqual(read, JSON.parse(JSON.stringify(written)));
        assert.equal(JSON.stringify(read), JSON.stringify(written));
      }),
    );
  });

  it('have no negative counts', () => {
    const written = manifest('a');
    const { success } = manifestSchema.safeParse({
      ...written,
      counts: { ...written.counts, rowsStaged: -1 },
    });
    assert.ok(!success);
  });
});

describe('an open record', () => {
  it('checks the value behind every key', () => {
    const record = openRecord(z.number());
    assert.ok(!record.safeParse(JSON.parse('{"__proto__":"x"}')).success);
    assert.ok(!record.safeParse([1]).success);
    assert.ok(!record.safeParse(undefined).success);
    assert.deepEqual(Object.entries(record.parse(JSON.parse('{"a":1,"__proto__":2}'))), [
      ['a', 1],
      ['__proto__', 2],
    ]);
  });

  it('is a record to editors', () => {
    assert.deepEqual(z.toJSONSchema(openRecord(z.number()), { io: 'input' })['additionalProperties'], {
      type: 'number',
    });
  });
});

describe('formatType', () => {
  it('writes types as people do', () => {
    const written = (type: ColumnType): string => formatType(type);
    assert.equal(written({ kind: 'decimal', precision: 12, scale: 2 }), 'decimal(12,2)');
    assert.equal(written({ kind: 'decimal' }), 'decimal');
    assert.equal(written({ kind: 'int', bits: 64, unsigned: true }), 'uint64');
    assert.equal(written({ kind: 'timestamp', unit: 'ns' }), 'timestamp(ns)');
    assert.equal(written({ kind: 'timestamp', unit: 'us' }), 'timestamp');
    assert.equal(
      written({
        kind: 'struct',
        fields: [
          { name: 'a', type: { kind: 'array', element: { kind: 'string', maxLength: 3 } } },
          { name: 'b', type: { kind: 'json' } },
        ],
      }),
      'struct<a array<string(3)>, b json>',
    );
  });

  it('gives every type a text', () => {
    fc.assert(fc.property(columnType, (type) => formatType(type) !== ''));
  });
});

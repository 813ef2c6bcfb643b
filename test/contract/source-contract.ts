import assert from 'node:assert/strict';
import type { Row } from '../../core/cells';
import type { Extractor, ReadRequest, SourceModule, SourceServices } from '../../core/extractor';
import { estimateSchema, type SourceSpec, type WorkUnit } from '../../core/plan';
import { tableSchemaSchema } from '../../core/schema';
import { cutWindow } from '../../partitioning/cut-window';
import { fitsType } from './cell-shapes';

/** A source with known content. */
export interface PreparedSource {
  readonly spec: SourceSpec;
  readonly services: SourceServices;
  /** Names of the columns of `rows`. */
  readonly columns: readonly string[];
  /** All rows there are, in any order. Some hundreds, so that there are several units. */
  readonly rows: readonly Row[];
  dispose(): Promise<void>;
}

/** How the contract suite gets at a kind of source. */
export interface SourceCase {
  /** Whether `prepare` needs nothing but a folder; otherwise the case runs with the service tests. */
  readonly selfContained: boolean;
  readonly prepare: () => Promise<PreparedSource>;
}

/** Small, so that the prepared rows make several units. */
const ROWS_PER_UNIT = 40;

/** What every extractor promises, whatever it reads. */
export function describeSourceContract(module: SourceModule, { prepare }: SourceCase): void {
  describe(`source ${module.type}`, () => {
    let source: PreparedSource;
    let extractor: Extractor;
    const { signal } = new AbortController();

    before(async function () {
      this.timeout(60_000);
      source = await prepare();
      extractor = await module.open(source.spec, source.services);
    });
    after(async () => {
      await extractor.close();
      await extractor.close();
      await source.dispose();
    });

    const read = async (request: Partial<ReadRequest> & { unit: WorkUnit }): Promise<Row[]> => {
      const rows: Row[] = [];
      const stream = extractor.read(
        { window: null, columns: source.columns, limit: null, pin: undefined, ...request },
        signal,
      );
      for await (const batch of stream.batches) {
        assert.ok(batch.bytes >= 0);
        assert.deepEqual(batch.rejects, []);
        rows.push(...batch.rows);
      }
      return rows;
    };
    const units = async (): Promise<WorkUnit[]> => {
      const cut = cutWindow({
        hints: await extractor.splits(null, signal),
        window: null,
        estimate: await extractor.estimate(null, signal),
        rowsPerUnit: ROWS_PER_UNIT,
        by: 'auto',
        limit: null,
      });
      return cut.units;
    };

    it('has a schema that a plan can hold, the same at each call', async () => {
      const schema = await extractor.schema(signal);
      assert.deepEqual(tableSchemaSchema.parse(JSON.parse(JSON.stringify(schema))), schema);
      const names = schema.columns.map((column) => column.name);
      assert.equal(new Set(names).size, names.length);
      for (const name of [...source.columns, ...schema.primaryKey]) assert.ok(names.includes(name), name);
      assert.deepEqual(await extractor.schema(signal), schema);
    });

    it('estimates its rows, and does not call a guess exact', async () => {
      const estimate = await extractor.estimate(null, signal);
      assert.deepEqual(estimateSchema.parse(estimate), estimate);
      if (estimate.quality === 'exact') assert.equal(estimate.rows, source.rows.length);
    });

    it('is cut into several units, which give every row exactly once', async () => {
      const all = await units();
      assert.ok(all.length > 1, 'the case should make several units');
      const rows: Row[] = [];
      for (const unit of all) rows.push(...(await read({ unit })));
      assert.deepEqual(sorted(rows), sorted(source.rows));
    });

    it('gives the same rows when a unit is read again, also while others are read', async () => {
      const [first, second] = await units();
      assert.ok(first !== undefined && second !== undefined);
      const once = await read({ unit: first });
      const [again, other] = await Promise.all([read({ unit: first }), read({ unit: second })]);
      assert.deepEqual(sorted(again), sorted(once));
      assert.ok(other.length > 0);
    });

    it('gives cells in the shape of their types', async () => {
      const { columns } = await extractor.schema(signal);
      const types = source.columns.map((name) => columns.find((column) => column.name === name)?.type);
      for (const unit of await units()) {
        for (const row of await read({ unit })) {
          assert.equal(row.length, source.columns.length);
          for (const [index, type] of types.entries()) {
            const cell = row[index];
            assert.ok(type !== undefined && cell !== undefined);
            assert.ok(
              fitsType(type, cell),
              `${String(source.columns[index])} is ${type.kind}, not ${String(cell)}`,
            );
          }
        }
      }
    });

    it('gives the columns that are asked for, in that order', async () => {
      const [unit] = await units();
      assert.ok(unit !== undefined);
      const columns = [...source.columns].reverse();
      const straight = await read({ unit });
      assert.deepEqual(
        await read({ unit, columns }),
        straight.map((row) => [...row].reverse()),
      );
      assert.deepEqual(
        await read({ unit, columns: columns.slice(0, 1) }),
        straight.map((row) => [row.at(-1)]),
      );
    });

    it('reads no more than a limit', async () => {
      const [unit] = await units();
      assert.ok(unit !== undefined);
      assert.equal((await read({ unit, limit: 3 })).length, 3);
    });

    it('pins a point in time that a plan can hold', async () => {
      const other = await module.open(source.spec, source.services);
      try {
        const pin = await other.pin(signal);
        assert.deepEqual(pin === undefined ? undefined : JSON.parse(JSON.stringify(pin)), pin);
      } finally {
        await other.close();
      }
    });

    it('stops when it is told to', async () => {
      const [unit] = await units();
      assert.ok(unit !== undefined);
      const stop = new AbortController();
      stop.abort(new Error('told to'));
      await assert.rejects(async () => {
        const request = { unit, window: null, columns: source.columns, limit: null, pin: undefined };
        for await (const batch of extractor.read(request, stop.signal).batches) assert.ok(batch);
      });
      assert.ok((await read({ unit })).length > 0, 'the source is of use after it');
    });

    it('can be left in the middle', async () => {
      const [unit] = await units();
      assert.ok(unit !== undefined);
      const request = { unit, window: null, columns: source.columns, limit: null, pin: undefined };
      for await (const batch of extractor.read(request, signal).batches) {
        assert.ok(batch);
        break;
      }
      assert.ok((await read({ unit })).length > 0, 'the source is of use after it');
    });
  });
}

function sorted(rows: readonly Row[]): string[] {
  return rows.map((row) => rowText(row)).sort();
}

function rowText(row: Row): string {
  return JSON.stringify(row, (_key, cell: unknown) => (typeof cell === 'bigint' ? `${cell}n` : cell));
}

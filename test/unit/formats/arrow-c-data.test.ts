import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readParquet, wasmMemory } from 'parquet-wasm';
import { readCSchema } from '../../../extractors/formats/arrow-c-data';

const FLIGHTS = path.join(__dirname, '../../../node_modules/vega-datasets/data/flights-3m.parquet');

describe('Arrow in the memory of another program', () => {
  it('is copied into one buffer, and the next time into the same', async () => {
    const [batch] = readParquet(await readFile(FLIGHTS), { limit: 1000 }).recordBatches();
    assert.ok(batch !== undefined);
    const shared = batch.toFFI();
    const { buffer } = wasmMemory() as { readonly buffer: ArrayBuffer };
    const schema = readCSchema(buffer, shared.schemaAddr());
    const first = schema?.pack(buffer, shared.arrayAddr(), undefined);
    assert.ok(first !== undefined && first.rows > 0);
    assert.equal(first.names.length, first.columns.length);
    const before = Buffer.from(new Uint8Array(first.content, 0, first.bytes));
    const second = schema?.pack(buffer, shared.arrayAddr(), first.content);
    assert.equal(second?.content, first.content);
    assert.ok(before.equals(new Uint8Array(first.content, 0, first.bytes)));
    const third = schema?.pack(buffer, shared.arrayAddr(), new ArrayBuffer(8));
    assert.ok((third?.content.byteLength ?? 0) >= first.bytes);
    shared.free();
  });
});

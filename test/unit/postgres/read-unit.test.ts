import assert from 'node:assert/strict';
import type { PostgresClient } from '../../../core/clients/postgres-client';
import type { Row } from '../../../core/cells';
import { readingOf } from '../../../extractors/postgres/column-reading';
import { readUnit } from '../../../extractors/postgres/read-unit';
import type { Relation } from '../../../extractors/postgres/relation';
import { PostgresSession } from '../../../extractors/postgres/session';
import { copyStream, int32 } from './copy-binary-writer';

const reading = readingOf(23, -1, new Map(), true);
const relation: Relation = {
  table: undefined,
  from: '(SELECT 1 AS id) AS q',
  name: 'the query of the job',
  columns: [
    {
      ...{ name: 'id', reading, nullable: true, generated: false },
      ...{ nativeType: 'integer', comment: undefined, modifier: -1 },
    },
  ],
  primaryKey: [],
};

/** A server that announces int4, sends these bytes, and counts so many rows. */
function sessionOf(stream: Buffer, count: number, typeOid = 23): PostgresSession {
  const client = {
    query: () => Promise.resolve({ fields: [{ name: 'id', typeOid, typeModifier: -1 }], rows: [] }),
    copyOut: () =>
      Promise.resolve({
        chunks: (async function* () {
          yield stream;
        })(),
        completed: () => Promise.resolve(count),
      }),
  };
  return new PostgresSession(client as unknown as PostgresClient, new AbortController().signal, {
    unit: 'u',
  });
}

async function read(session: PostgresSession): Promise<Row[]> {
  const rows: Row[] = [];
  const request = {
    unit: { id: 'u', kind: 'all' as const },
    window: null,
    columns: ['id'],
    limit: null,
    pin: undefined,
  };
  for await (const batch of readUnit(session, { relation, filter: undefined }, request))
    rows.push(...batch.rows);
  return rows;
}

describe('postgres: the proof that a unit is whole', () => {
  const stream = copyStream([[int32(1)], [int32(2)]]);

  it('is the trailer and the count of the server', async () => {
    assert.deepEqual(await read(sessionOf(stream, 2)), [[1n], [2n]]);
    await assert.rejects(read(sessionOf(stream, 3)), { code: 'SOURCE_INCOMPLETE', transient: true });
    await assert.rejects(read(sessionOf(stream.subarray(0, -2), 2)), { code: 'SOURCE_INCOMPLETE' });
    await assert.rejects(read(sessionOf(stream.subarray(0, -5), 1)), { code: 'SOURCE_INCOMPLETE' });
  });

  it('begins with the types that the decoders were chosen for', async () => {
    await assert.rejects(read(sessionOf(stream, 2, 20)), { code: 'SOURCE_CHANGED' });
  });
});

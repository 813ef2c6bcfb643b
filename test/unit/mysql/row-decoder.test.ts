import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ResultField } from '../../../core/clients/mysql-client';
import { codeOfNumber, connectError, statementError } from '../../../core/clients/mysql-errors';
import { RowBatcher } from '../../../extractors/database/row-batches';
import { packetField, readingOf } from '../../../extractors/mysql/column-reading';
import { RowDecoder } from '../../../extractors/mysql/row-decoder';

const field = (name: string, type: number, collation: number): ResultField => ({
  ...{ name, type, collation, flags: 0, decimals: 0, length: 400 },
  ...{ extendedType: undefined, extendedFormat: undefined },
});
const FIELDS = [field('id', 8, 63), field('word', 253, 45), field('day', 10, 63)];

function decoderOf(fields = FIELDS): RowDecoder {
  const columns = FIELDS.map((of) => {
    const reading = readingOf(of, undefined);
    return {
      ...{ name: of.name, reading, field: packetField(reading), nullable: true, generated: false },
      ...{ nativeType: 'native', comment: undefined, fractionDigits: 0, isAutoIncrement: false },
    };
  });
  const decoder = new RowDecoder(columns, new RowBatcher(['id', 'word', 'day'], [0]), 'shop.words');
  decoder.fields(fields);
  return decoder;
}

/** A row as the protocol writes it. */
function packet(values: readonly (string | null)[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      if (value === null) return Buffer.from([0xfb]);
      const bytes = Buffer.from(value);
      if (bytes.length < 251) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
      const wide = bytes.length >= 65_536;
      const length = Buffer.alloc(wide ? 4 : 3, wide ? 0xfd : 0xfc);
      length.writeUIntLE(bytes.length, 1, wide ? 3 : 2);
      return Buffer.concat([length, bytes]);
    }),
  );
}

describe('rows of MySQL', () => {
  it('reads what the protocol wrote, of every length', () => {
    const words = fc.oneof(
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 240, max: 260 }).map((length) => 'x'.repeat(length)),
      fc.integer({ min: 65_530, max: 65_540 }).map((length) => 'y'.repeat(length)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), words), { maxLength: 5 }),
        (rows) => {
          const decoder = decoderOf();
          for (const [id, word] of rows) {
            const bytes = packet([id.toString(), word, null]);
            decoder.row(
              Buffer.concat([Buffer.from('head'), bytes, Buffer.from('tail')]),
              4,
              4 + bytes.length,
            );
          }
          assert.deepEqual(
            decoder.take().rows,
            rows.map(([id, word]) => [id, word, null]),
          );
        },
      ),
    );
  });

  it('rejects a row with a value that no cell holds, by its key', () => {
    const decoder = decoderOf();
    const bytes = packet(['7', 'a', '2024-02-31']);
    decoder.row(bytes, 0, bytes.length);
    assert.deepEqual(decoder.take().rejects, [
      { row: 'id=7', column: 'day', reason: '2024-02-31 is not a day of the calendar' },
    ]);
  });

  it('takes no row that is cut off or too long', () => {
    const bytes = packet(['7', 'abc', '2024-02-01']);
    for (const end of [bytes.length - 1, 5, 2]) {
      assert.throws(() => decoderOf().row(bytes, 0, end), { code: 'SOURCE_INCOMPLETE' });
    }
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    assert.throws(() => decoderOf().row(longer, 0, longer.length), { code: 'SOURCE_INCOMPLETE' });
  });

  it('notices other columns than were planned', () => {
    for (const fields of [
      FIELDS.slice(1),
      [...FIELDS, field('x', 8, 63)],
      [field('id', 253, 45), ...FIELDS.slice(1)],
    ]) {
      assert.throws(() => decoderOf(fields), { code: 'SOURCE_CHANGED' });
    }
  });
});

describe('errors of MySQL', () => {
  it('are told apart by number', () => {
    for (const [number, code] of [
      [1045, 'LOGIN_FAILED'],
      [1044, 'RIGHTS_MISSING'],
      [1142, 'RIGHTS_MISSING'],
      [1049, 'DATABASE_NOT_FOUND'],
      [1146, 'SOURCE_NOT_FOUND'],
      [1040, 'CONNECTION_LIMIT'],
      [1317, 'SOURCE_INCOMPLETE'],
      [1927, 'CONNECTION_LOST'],
      [1412, 'SOURCE_CHANGED'],
      [1064, 'QUERY_REFUSED'],
    ] as const) {
      assert.equal(codeOfNumber(number), code, String(number));
    }
  });

  it('are told apart by what Node.js and the driver call them', () => {
    for (const [name, code] of [
      ['ENOTFOUND', 'CONNECTION_DNS'],
      ['ECONNREFUSED', 'CONNECTION_REFUSED'],
      ['ETIMEDOUT', 'CONNECTION_TIMEOUT'],
      ['ECONNRESET', 'CONNECTION_LOST'],
      ['PROTOCOL_CONNECTION_LOST', 'CONNECTION_LOST'],
      ['HANDSHAKE_NO_SSL_SUPPORT', 'CONNECTION_TLS'],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'CONNECTION_TLS'],
    ] as const) {
      const thrown = Object.assign(new Error('it failed'), { code: name });
      assert.equal(connectError(thrown, 'h:3306').code, code, name);
      assert.equal(statementError(thrown, 'what', {}).code, code, name);
    }
  });
});

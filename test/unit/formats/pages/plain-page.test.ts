import assert from 'node:assert/strict';
import { RUNS_OVERRUN_BYTES } from '../../../../extractors/formats/pages/hybrid-runs';
import { DamagedPage, UnreadPage } from '../../../../extractors/formats/pages/page-errors';
import { ENCODING } from '../../../../extractors/formats/pages/page-plan';
import { plainPage, type StoredLeaf } from '../../../../extractors/formats/pages/plain-page';
import { PHYSICAL } from '../../../../extractors/formats/parquet-schema';

const INT32 = { physical: PHYSICAL.int32, length: 0 };
const INT64 = { physical: PHYSICAL.int64, length: 0 };
const TEXT = { physical: PHYSICAL.byteArray, length: 0 };

/** Two numbers as differences of `bits` bits, of which all but the smallest are zero: blocks of 32 values in one part. */
function deltas(first: number, smallest: number, bits: number): number[] {
  const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
  return [32, 1, 2, zigzag(first), zigzag(smallest), bits, ...new Array<number>((32 * bits) / 8).fill(0)];
}

describe('pages that are made plain', () => {
  const plain = (encoding: number, leaf: StoredLeaf, bytes: readonly number[], values = 2): Uint8Array =>
    plainPage(
      encoding,
      leaf,
      Uint8Array.from([...bytes, ...new Array<number>(RUNS_OVERRUN_BYTES).fill(255)]),
      values,
    );

  it('have differences that are not wider than the type', () => {
    const { deltaBinaryPacked } = ENCODING;
    const bytes = plain(deltaBinaryPacked, INT32, deltas(5, -7, 32));
    assert.deepEqual([...new Int32Array(bytes.buffer)], [5, -2]);
    assert.throws(() => plain(deltaBinaryPacked, INT32, deltas(5, 1, 33)), /differences of 33 bits/);
    const long = plain(deltaBinaryPacked, INT64, deltas(5, -7, 33));
    assert.deepEqual([...new BigInt64Array(long.buffer)], [5n, -2n]);
    assert.throws(() => plain(deltaBinaryPacked, INT64, deltas(5, 1, 65)), /differences of 65 bits/);
  });

  it('have as many numbers as they say, and not more than levels', () => {
    const { deltaBinaryPacked } = ENCODING;
    assert.throws(() => plain(deltaBinaryPacked, INT32, deltas(5, 1, 8), 1), /2 numbers for 1 values/);
    assert.throws(() => plain(deltaBinaryPacked, INT32, deltas(5, 1, 8).slice(0, 6)), DamagedPage);
    assert.throws(() => plain(deltaBinaryPacked, INT32, [0, 0, 2, 0]), DamagedPage);
    assert.throws(() => plain(deltaBinaryPacked, INT32, [33, 1, 2, 0, 0]), DamagedPage);
  });

  it('have texts whose beginnings are those of the text before', () => {
    const { deltaByteArray } = ENCODING;
    // Prefixes 0 and 1, behind which 2 and 3 bytes come.
    const page = [...deltas(0, 1, 0), ...deltas(2, 1, 0), 97, 98, 99, 100, 101];
    const bytes = Buffer.from(plain(deltaByteArray, TEXT, page));
    assert.equal(bytes.toString('latin1'), '\x02\0\0\0ab\x04\0\0\0acde');
    assert.throws(() => plain(deltaByteArray, TEXT, page.slice(0, -1)), /ends before its values do/);
    const tooLong = [...deltas(0, 3, 0), ...deltas(2, 1, 0), 97, 98, 99, 100, 101];
    assert.throws(() => plain(deltaByteArray, TEXT, tooLong), /a prefix that is longer/);
    const negative = [...deltas(0, -1, 0), ...deltas(2, 1, 0), 97, 98, 99, 100, 101];
    assert.throws(() => plain(deltaByteArray, TEXT, negative), /a text of -1 bytes/);
  });

  it('are left to the other decoder where the type does not have the encoding here', () => {
    assert.throws(
      () => plain(ENCODING.deltaByteArray, { physical: PHYSICAL.fixed, length: 3 }, []),
      UnreadPage,
    );
    assert.throws(() => plain(ENCODING.byteStreamSplit, TEXT, []), UnreadPage);
    assert.throws(() => plain(42, INT32, []), UnreadPage);
    const odd = new Array<number>(9).fill(0);
    assert.throws(() => plain(ENCODING.byteStreamSplit, INT32, odd), /9 bytes of values of 4/);
  });
});

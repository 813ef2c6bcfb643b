import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc32c } from '../../../core/crc32c';

/** Bit by bit, as the polynomial is defined. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return ~sum >>> 0;
}

describe('CRC-32C', () => {
  it('gives the sums of RFC 3720', () => {
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(0)), 0);
  });

  it('is the sum of the polynomial for any bytes, however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const sum = crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)));
        assert.equal(sum, plainSum(bytes));
        assert.equal(crc32c(bytes), sum);
      }),
    );
  });
});

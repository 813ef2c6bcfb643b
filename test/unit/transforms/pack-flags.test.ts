import assert from 'node:assert/strict';
import fc from 'fast-check';
import { packFlags } from '../../../transforms/encode/pack-flags';

describe('flags of Parquet', () => {
  it('are eight to a byte, the first one lowest', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 70 }), (flags) => {
        const bytes = Uint8Array.from([...flags.map(Number), 0xee]);
        const packed = packFlags(bytes, new DataView(bytes.buffer), flags.length);
        assert.equal(packed, Math.ceil(flags.length / 8));
        const bits = Array.from(bytes.subarray(0, packed), (byte) => byte.toString(2).padStart(8, '0'));
        const expected = flags
          .map(Number)
          .join('')
          .padEnd(packed * 8, '0');
        assert.equal(bits.map((byte) => Array.from(byte).reverse().join('')).join(''), expected);
        assert.equal(bytes.at(-1), 0xee);
      }),
    );
  });
});

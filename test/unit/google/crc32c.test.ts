import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc32c, scriptCrc32c } from '../../../core/crc32c';
import { compiledCrc32c } from '../../../core/crc32c-compiled';
import { wasmOfThread } from '../../../core/wasm';

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
        assert.equal(compiledCrc32c()?.(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), sum);
      }),
    );
  });

  it('is the same of many bytes, which are summed by WebAssembly in pieces', () => {
    for (const length of [65_535, 65_536, 65_537, 131_072, 200_000]) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * index * 7919) >> 7));
      const sum = plainSum(bytes);
      assert.equal(crc32c(bytes), sum, `${length} bytes`);
      assert.equal(scriptCrc32c(bytes, 0), sum);
      assert.equal(crc32c(bytes.subarray(70_000), crc32c(bytes.subarray(0, 70_000))), sum);
    }
  });
});

describe('wasmOfThread', () => {
  const EMPTY_MODULE = 'AGFzbQEAAAA=';

  it('makes nothing where Node.js has no WebAssembly', () => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly');
    assert.ok(descriptor !== undefined);
    Reflect.deleteProperty(globalThis, 'WebAssembly');
    try {
      assert.equal(wasmOfThread(EMPTY_MODULE, () => 'wrapped')(), undefined);
    } finally {
      Object.defineProperty(globalThis, 'WebAssembly', descriptor);
    }
    assert.equal(wasmOfThread(EMPTY_MODULE, () => 'wrapped')(), 'wrapped');
  });

  it('makes one, at the first call', () => {
    let made = 0;
    const ofThread = wasmOfThread(EMPTY_MODULE, () => ({ number: ++made }));
    assert.equal(made, 0);
    assert.equal(ofThread(), ofThread());
    assert.equal(made, 1);
  });
});

/** Bytes that are taken in at once. */
const STRIPE = 32;

/** The primes of XXH64, and their halves for multiplication. */
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const P1_HIGH = 0x9e3779b1;
const P1_LOW = 0x85ebca87;
const P2_HIGH = 0xc2b2ae3d;
const P2_LOW = 0x27d4eb4f;

/**
 * XXH64 with the seed 0, piece by piece: the checksum of zstd frames. Whole stripes are calculated in halves of 32 bits, as numbers of 64 bits
 * would cost an allocation for each step.
 */
export class Xxhash64 {
  private readonly lows: Int32Array;
  private readonly highs: Int32Array;
  private readonly rest = Buffer.alloc(STRIPE);
  private restBytes = 0;
  private total = 0;
  /** The upper half of the last product. */
  private high = 0;

  constructor() {
    const start = [P1 + P2, P2, 0n, -P1];
    this.lows = Int32Array.from(start, (value) => Number(BigInt.asIntN(32, value)));
    this.highs = Int32Array.from(start, (value) => Number(BigInt.asIntN(32, value >> 32n)));
  }

  update(piece: Uint8Array): void {
    this.total += piece.length;
    let start = 0;
    if (this.restBytes > 0) {
      start = Math.min(STRIPE - this.restBytes, piece.length);
      this.rest.set(piece.subarray(0, start), this.restBytes);
      this.restBytes += start;
      if (this.restBytes < STRIPE) return;
      this.stripes(this.rest, 0, STRIPE);
      this.restBytes = 0;
    }
    const end = start + Math.floor((piece.length - start) / STRIPE) * STRIPE;
    this.stripes(piece, start, end);
    this.rest.set(piece.subarray(end));
    this.restBytes = piece.length - end;
  }

  /** The lower 32 bits of the hash of everything so far, which is what zstd keeps. */
  low(): number {
    let hash = this.total >= STRIPE ? this.merged() : P5;
    hash = word(hash + BigInt(this.total));
    let at = 0;
    for (; at + 8 <= this.restBytes; at += 8) {
      const lane = round(0n, this.rest.readBigUInt64LE(at));
      hash = word(rotate(hash ^ lane, 27n) * P1 + P4);
    }
    if (at + 4 <= this.restBytes) {
      hash = word(rotate(hash ^ word(BigInt(this.rest.readUInt32LE(at)) * P1), 23n) * P2 + P3);
      at += 4;
    }
    for (; at < this.restBytes; at++) {
      hash = word(rotate(hash ^ word(BigInt(this.rest[at] ?? 0) * P5), 11n) * P1);
    }
    hash = word((hash ^ (hash >> 33n)) * P2);
    hash = word((hash ^ (hash >> 29n)) * P3);
    return Number(BigInt.asUintN(32, hash ^ (hash >> 32n)));
  }

  private merged(): bigint {
    const lanes = Array.from(this.lows, (low, index) => {
      return (BigInt((this.highs[index] ?? 0) >>> 0) << 32n) | BigInt(low >>> 0);
    });
    const turns = [1n, 7n, 12n, 18n];
    const sum = lanes.reduce((sofar, lane, index) => sofar + rotate(lane, turns[index] ?? 0n), 0n);
    return lanes.reduce((hash, lane) => word((hash ^ round(0n, lane)) * P1 + P4), word(sum));
  }

  private stripes(bytes: Uint8Array, start: number, end: number): void {
    const { lows, highs } = this;
    for (let at = start; at < end; at += STRIPE) {
      for (let lane = 0; lane < 4; lane++) {
        const from = at + 8 * lane;
        const low = this.times(int32(bytes, from), int32(bytes, from + 4), P2_LOW, P2_HIGH);
        const sumLow = (lows[lane] ?? 0) + low;
        const carry = sumLow >>> 0 < low >>> 0 ? 1 : 0;
        const sumHigh = ((highs[lane] ?? 0) + this.high + carry) | 0;
        // To the left by 31: to the right by one, with the halves changed.
        const turnedLow = (sumLow << 31) | (sumHigh >>> 1);
        const turnedHigh = (sumHigh << 31) | ((sumLow >>> 1) & 0x7fffffff);
        lows[lane] = this.times(turnedLow, turnedHigh, P1_LOW, P1_HIGH);
        highs[lane] = this.high;
      }
    }
  }

  /** The lower half of a product of 64 bits; the upper one is in `high`. */
  private times(low: number, high: number, byLow: number, byHigh: number): number {
    const a0 = low & 0xffff;
    const a1 = low >>> 16;
    const b0 = byLow & 0xffff;
    const b1 = byLow >>> 16;
    const lowest = a0 * b0;
    const middle = a0 * b1 + a1 * b0 + Math.floor(lowest / 65536);
    this.high = (a1 * b1 + Math.floor(middle / 65536) + Math.imul(low, byHigh) + Math.imul(high, byLow)) | 0;
    return ((middle & 0xffff) << 16) | (lowest & 0xffff);
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function word(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotate(value: bigint, bits: bigint): bigint {
  return word((value << bits) | (value >> (64n - bits)));
}

function round(value: bigint, lane: bigint): bigint {
  return word(rotate(word(value + lane * P2), 31n) * P1);
}

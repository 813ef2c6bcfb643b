import { rawBytes, type ArrowData } from '../../core/arrow-buffers';
import type { ArrowRows } from '../../core/arrow-rows';
import { arrowKindNumber, type ArrowValue } from './arrow-columns';
import type { ArrowMachine } from './arrow-machine';
import type { ArrowManyStep } from './arrow-many-rows';
import { validity } from './arrow-nulls';

/** Places within a column of wasm/arrow-avro.wat, in bytes. */
const UNION_AT = 4;
const NULL_AT = 8;
const COUNT_AT = 12;
const LEAST_AT = 16;
const MOST_AT = 24;
const DIVISOR_AT = 32;
const FIRST_PLACE_AT = 32;
const LAST_PLACE_AT = 36;
const FACTOR_AT = 40;
const VALUES_AT = 48;
const PLACES_AT = 52;
const BITS_AT = 56;
const FIRST_BIT_AT = 60;

/** Room of the machine for columns' buffers, and as much for what they become. */
const ROOM_BYTES = 576 * 1024;
/** Behind each buffer, since more is read. */
const SPARE_BYTES = 32;
const PLACE_BYTES = 4;
/** No value but a text becomes more bytes than this; a text becomes less than this more than it has: a uuid's 36 characters, with their length and the union. */
const MOST_WRITTEN = 38;

/** Puts columns of a batch, some of its rows at a time, into the machine's memory. */
export class ArrowInput {
  private at = 0;
  /** Of each column, which one that of its elements is, or would be. */
  private readonly elements: readonly number[];

  constructor(
    private readonly machine: ArrowMachine,
    private readonly steps: readonly ArrowManyStep[],
  ) {
    let next = steps.length;
    this.elements = steps.map(({ value }) => (value.element === undefined ? next : next++));
  }

  /** Writes what columns are, whatever rows they have. */
  describe(): void {
    for (const [index, { value, union, whenNull }] of this.steps.entries()) {
      const place = this.placeOf(index);
      const { element } = value;
      if (element === undefined) this.describeValue(place, value, union, whenNull);
      else {
        const inner = this.elementPlaceOf(index);
        this.describeValue(place, { ...value, least: BigInt(inner) }, union, whenNull);
        this.describeValue(inner, element, false, 0);
      }
    }
  }

  /** Whether there is room for rows from `first` to `last`. */
  hasRoom(columns: ArrowRows['columns'], first: number, last: number): boolean {
    let bytes = 0;
    for (const { field, value } of this.steps) {
      const data = columns[field]?.data;
      if (data !== undefined) bytes += mostBytes(value, data, first, last);
    }
    return bytes <= ROOM_BYTES;
  }

  /** Copies rows from `first` to `last`. False: the buffers contradict each other. */
  place(columns: ArrowRows['columns'], first: number, last: number): boolean {
    this.at = this.machine.exports.input;
    return this.steps.every(({ field, value }, index) => {
      const data = columns[field]?.data;
      if (data === undefined) return false;
      return this.placeColumn(this.placeOf(index), value, data, first, last, this.elementPlaceOf(index));
    });
  }

  /** How many nulls of a column were counted since it was last asked. */
  takeCount(index: number): number {
    const { bytes } = this.machine;
    const place = this.placeOf(index) + COUNT_AT;
    const count = bytes.readInt32LE(place);
    if (count > 0) bytes.writeInt32LE(0, place);
    return count;
  }

  private placeOf(index: number): number {
    const { columns, columnBytes } = this.machine.exports;
    return columns + index * columnBytes;
  }

  private elementPlaceOf(index: number): number {
    return this.placeOf(this.elements[index] ?? 0);
  }

  private describeValue(place: number, value: ArrowValue, union: boolean, whenNull: number): void {
    const { bytes } = this.machine;
    bytes.writeInt32LE(arrowKindNumber(value.kind), place);
    bytes.writeInt32LE(union ? 1 : 0, place + UNION_AT);
    bytes.writeInt32LE(whenNull, place + NULL_AT);
    bytes.writeInt32LE(0, place + COUNT_AT);
    bytes.writeBigInt64LE(value.least, place + LEAST_AT);
    bytes.writeBigInt64LE(value.most, place + MOST_AT);
    bytes.writeBigInt64LE(value.divisor, place + DIVISOR_AT);
    bytes.writeBigInt64LE(value.factor, place + FACTOR_AT);
  }

  private placeColumn(
    place: number,
    { shape, element }: ArrowValue,
    data: ArrowData,
    first: number,
    last: number,
    elementPlace: number,
  ): boolean {
    const { bytes } = this.machine;
    const firstByte = (data.offset + first) >> 3;
    const endByte = (data.offset + last + 7) >> 3;
    bytes.writeInt32LE(data.offset - 8 * firstByte, place + FIRST_BIT_AT);
    const bits = validity(data);
    if (bits !== undefined && bits.length < endByte) return false;
    bytes.writeInt32LE(bits === undefined ? 0 : this.copy(bits, firstByte, endByte), place + BITS_AT);
    const values = rawBytes(data);
    if (shape === 'bits') {
      bytes.writeInt32LE(this.copy(values, firstByte, endByte), place + VALUES_AT);
      return values.length >= endByte;
    }
    if (shape !== 'places') {
      const start = this.copy(values, first * shape, last * shape);
      bytes.writeInt32LE(start - first * shape, place + VALUES_AT);
      return values.length >= last * shape;
    }
    const { valueOffsets: places } = data;
    if (!(places instanceof Int32Array) || places.length <= last) return false;
    const asBytes = new Uint8Array(places.buffer, places.byteOffset, places.byteLength);
    const placesStart = this.copy(asBytes, first * PLACE_BYTES, (last + 1) * PLACE_BYTES);
    const start = places[first] ?? 0;
    const end = places[last] ?? 0;
    bytes.writeInt32LE(placesStart - first * PLACE_BYTES, place + PLACES_AT);
    bytes.writeInt32LE(start, place + FIRST_PLACE_AT);
    bytes.writeInt32LE(end, place + LAST_PLACE_AT);
    if (start < 0 || end < start) return false;
    if (element !== undefined) {
      const [child] = data.children;
      return child !== undefined && this.placeColumn(elementPlace, element, child, start, end, elementPlace);
    }
    // With the byte behind it, which may continue a character; there is none behind the last text.
    const copied = this.copy(values, start, end + 1);
    if (end >= values.length) bytes[copied + end - start] = 0;
    bytes.writeInt32LE(copied - start, place + VALUES_AT);
    return end <= values.length;
  }

  /** Returns where the bytes from `start` to `end` are. */
  private copy(from: Uint8Array, start: number, end: number): number {
    const { at } = this;
    this.machine.bytes.set(from.subarray(start, end), at);
    this.at = at + (end - start) + SPARE_BYTES;
    return at;
  }
}

/** So many bytes of memory rows from `first` to `last` take, or become, if that is more. */
function mostBytes({ shape, element }: ArrowValue, data: ArrowData, first: number, last: number): number {
  const values = last - first;
  // Bits, places and values have a buffer each.
  const bytes = 3 * SPARE_BYTES + values * MOST_WRITTEN;
  const { valueOffsets } = data;
  if (shape !== 'places' || !(valueOffsets instanceof Int32Array)) return bytes;
  const start = valueOffsets[first] ?? 0;
  const end = Math.max(start, valueOffsets[last] ?? 0);
  const [child] = data.children;
  if (element === undefined || child === undefined) return bytes + end - start;
  return bytes + mostBytes(element, child, start, end);
}

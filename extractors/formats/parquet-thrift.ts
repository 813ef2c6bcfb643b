/** Types of Thrift's compact protocol, as they stand in field and list headers. */
export const THRIFT = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

/** Deepest nesting that is stepped over; a Parquet footer has about ten levels. */
const MAX_DEPTH = 64;

/** What is wrong with the bytes, in words; where is the caller's business. */
export class ThriftError extends Error {}

/**
 * Reads Thrift's compact protocol from a buffer, forwards. Every read is checked against the end of the buffer;
 * unknown fields are stepped over. Throws ThriftError and nothing else, whatever the bytes are.
 */
export class ThriftCursor {
  constructor(
    private readonly bytes: Uint8Array,
    public position = 0,
  ) {}

  /**
   * Calls `onField` for each field of the struct that begins here; it must consume the field's value and return true,
   * or leave it alone and return false.
   */
  struct(onField: (id: number, type: number) => boolean): void {
    let id = 0;
    for (;;) {
      const header = this.byte();
      if (header === THRIFT.stop) return;
      const type = header & 15;
      const delta = header >> 4;
      id = delta === 0 ? this.integer() : id + delta;
      if (!onField(id, type)) this.skip(type);
    }
  }

  /** Calls `onElement` for each element of the list or set that begins here; it must consume the element. */
  list(expected: number, onElement: (index: number) => void): void {
    const { type, size } = this.listHeader();
    if (size > 0 && type !== expected) throw new ThriftError(`a list of type ${type} instead of ${expected}`);
    for (let index = 0; index < size; index++) onElement(index);
  }

  /** A number of type i16, i32 or i64. Throws beyond 2^52: no length, offset or count of a real file is so large. */
  integer(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Bytes of a binary or string, as a view. */
  binary(): Uint8Array {
    const length = this.varint();
    const start = this.position;
    this.advance(length);
    return this.bytes.subarray(start, this.position);
  }

  /** Steps over a value of `type`. */
  skip(type: number, depth = 0): void {
    if (depth > MAX_DEPTH) throw new ThriftError('values nested too deeply');
    switch (type) {
      case THRIFT.true:
      case THRIFT.false:
        return;
      case THRIFT.byte:
        this.advance(1);
        return;
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        this.skipVarint();
        return;
      case THRIFT.double:
        this.advance(8);
        return;
      case THRIFT.binary:
        this.binary();
        return;
      case THRIFT.list:
      case THRIFT.set: {
        const { type: element, size } = this.listHeader();
        for (let index = 0; index < size; index++) this.skipElement(element, depth);
        return;
      }
      case THRIFT.map:
        this.skipMap(depth);
        return;
      case THRIFT.struct:
        this.struct((_, field) => {
          this.skip(field, depth + 1);
          return true;
        });
        return;
      default:
        throw new ThriftError(`an unknown type ${type}`);
    }
  }

  private skipMap(depth: number): void {
    const size = this.varint();
    if (size === 0) return;
    const types = this.byte();
    for (let index = 0; index < size; index++) {
      this.skipElement(types >> 4, depth);
      this.skipElement(types & 15, depth);
    }
  }

  /** Booleans have a byte of their own in lists and maps, and none in structs. */
  private skipElement(type: number, depth: number): void {
    if (type === THRIFT.true || type === THRIFT.false) this.advance(1);
    else this.skip(type, depth + 1);
  }

  private listHeader(): { type: number; size: number } {
    const header = this.byte();
    const short = header >> 4;
    const size = short === 15 ? this.varint() : short;
    // Every element takes at least one byte, so a larger count is a lie.
    if (size > this.bytes.length - this.position)
      throw new ThriftError('a list that is longer than the data');
    return { type: header & 15, size };
  }

  /** One byte, which is what a number of type i8 is: without a sign. */
  byte(): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw new ThriftError('an unexpected end');
    this.position++;
    return value;
  }

  private varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new ThriftError('a number beyond 2^52');
  }

  private skipVarint(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 128) return;
    throw new ThriftError('a number of more than ten bytes');
  }

  private advance(length: number): void {
    if (length > this.bytes.length - this.position) throw new ThriftError('an unexpected end');
    this.position += length;
  }
}

/** The header of a struct field that follows field `previous`; ids must grow, by 15 at most. */
export function thriftFieldHeader(previous: number, id: number, type: number): number {
  return ((id - previous) << 4) | type;
}

/** A number of type i16, i32 or i64 from -64 to 63: one byte. */
export function thriftSmallInteger(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Bytes of a string as text. */
export function thriftText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

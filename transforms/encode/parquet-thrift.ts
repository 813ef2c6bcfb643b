/** Types of Thrift's compact protocol, as a field's header has them. */
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const INT32 = 5;
const INT64 = 6;
const TEXT = 8;
const LIST = 9;
const STRUCT = 12;

const ELEMENT_TYPES = { int32: INT32, text: TEXT, struct: STRUCT } as const;

/** Lists of fewer elements have their length in their header. */
const LONG_LIST = 15;

/** What a number or a header takes at most, in bytes. */
const MAX_VARINT_BYTES = 10;

/** Structs of Thrift's compact protocol, in which Parquet keeps its metadata. Fields must come in the order of their numbers. */
export class ThriftWriter {
  private bytes = Buffer.allocUnsafe(1024);
  private end = 0;
  /** The number of the last field of the struct at hand. */
  private last = 0;

  /** What has been written. */
  take(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.end));
  }

  /** The first fields of the struct at hand, up to the one with the number `last`, as another writer has written them outside of any struct. */
  firstFields(fields: Uint8Array, last: number): void {
    this.reserve(fields.length);
    this.bytes.set(fields, this.end);
    this.end += fields.length;
    this.last = last;
  }

  /** A struct on its own, or an element of a list. */
  record(write: () => void): void {
    const { last } = this;
    this.last = 0;
    write();
    this.byte(0);
    this.last = last;
  }

  struct(field: number, write: () => void): void {
    this.header(field, STRUCT);
    this.record(write);
  }

  bool(field: number, value: boolean): void {
    this.header(field, value ? TRUE : FALSE);
  }

  int8(field: number, value: number): void {
    this.header(field, BYTE);
    this.byte(value);
  }

  int32(field: number, value: number): void {
    this.header(field, INT32);
    this.zigzag(value);
  }

  /** A whole number of at most 53 bits. */
  int64(field: number, value: number): void {
    this.header(field, INT64);
    this.zigzag(value);
  }

  text(field: number, value: string): void {
    this.header(field, TEXT);
    this.textValue(value);
  }

  /** `write` is to write each element with `record`, `int32Element` or `textElement`. */
  list<Element>(
    field: number,
    type: keyof typeof ELEMENT_TYPES,
    elements: readonly Element[],
    write: (element: Element, index: number) => void,
  ): void {
    this.header(field, LIST);
    const { length } = elements;
    this.byte((Math.min(length, LONG_LIST) << 4) | ELEMENT_TYPES[type]);
    if (length >= LONG_LIST) this.varint(length);
    elements.forEach(write);
  }

  int32Element(value: number): void {
    this.zigzag(value);
  }

  textElement(value: string): void {
    this.textValue(value);
  }

  private textValue(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.reserve(size);
    this.end += this.bytes.write(value, this.end);
  }

  private header(field: number, type: number): void {
    const delta = field - this.last;
    this.last = field;
    if (delta < 1 || delta > 15) throw new RangeError('fields come in order, with few numbers between them');
    this.byte((delta << 4) | type);
  }

  private zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  private varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    let rest = value;
    while (rest > 127) {
      this.bytes[this.end++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.end++] = rest;
  }

  private byte(value: number): void {
    this.reserve(1);
    this.bytes[this.end++] = value;
  }

  private reserve(size: number): void {
    if (this.bytes.length - this.end >= size) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.end + size));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }
}

import type { Offsets } from './arrow-layout';
import { BeamliftError } from './errors';

/** What is used of apache-arrow's column data: the buffers as they are, never its own getters (they round to milliseconds and doubles). */
export interface ArrowData {
  readonly length: number;
  /** Of the bit buffers, in bits; all others begin at the first value. */
  readonly offset: number;
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array | null;
  readonly values?: ArrayBufferView | null;
  readonly valueOffsets?: ArrayLike<number | bigint> | null;
  readonly children: readonly ArrowData[];
  readonly dictionary?: { readonly data: readonly ArrowData[] } | null;
  readonly variadicBuffers?: readonly Uint8Array[];
}

/** A view of at most so many bytes holds the value itself. */
const INLINE_VIEW_BYTES = 12;
const VIEW_BYTES = 16;

/** Values of different lengths. */
export interface BytesReader {
  readonly slice: (index: number) => Buffer;
  /** Where all values lie, one behind the other; undefined: they do not. */
  readonly run:
    { readonly bytes: Buffer; start: (index: number) => number; end: (index: number) => number } | undefined;
  readonly length: number;
}

/** The bytes of each value, as views. */
export function bytesReader(offsets: Offsets, data: ArrowData): BytesReader {
  const bytes = rawBytes(data);
  if (offsets === 'view') {
    const buffers = (data.variadicBuffers ?? []).map(asBuffer);
    return {
      slice: (index) => viewedBytes(bytes, index * VIEW_BYTES, buffers),
      run: undefined,
      length: data.length,
    };
  }
  const [start, end] = arrowOffsets(data);
  return {
    slice: (index) => bytes.subarray(start(index), end(index)),
    run: { bytes, start, end },
    length: data.length,
  };
}

function viewedBytes(views: Buffer, at: number, buffers: readonly Buffer[]): Buffer {
  const length = views.readInt32LE(at);
  if (length <= INLINE_VIEW_BYTES) return views.subarray(at + 4, at + 4 + length);
  const buffer = buffers[views.readInt32LE(at + 8)];
  const start = views.readInt32LE(at + 12);
  if (buffer === undefined || start + length > buffer.length) throw damaged('a view beyond its buffer');
  return buffer.subarray(start, start + length);
}

/** The values as bytes. */
export function rawBytes(data: ArrowData): Buffer {
  const { values } = data;
  return values === undefined || values === null ? Buffer.alloc(0) : asBuffer(values);
}

function asBuffer(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

interface NumberArray<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** The same bytes as numbers; copied only where they do not begin at a multiple of the size. */
export function aligned<T>(bytes: Buffer, type: NumberArray<T>): T {
  const length = Math.floor(bytes.length / type.BYTES_PER_ELEMENT);
  if (bytes.byteOffset % type.BYTES_PER_ELEMENT === 0)
    return new type(bytes.buffer, bytes.byteOffset, length);
  return new type(Uint8Array.from(bytes).buffer, 0, length);
}

/** Where value `index` begins and ends. */
export function arrowOffsets(
  data: ArrowData,
): [start: (index: number) => number, end: (index: number) => number] {
  const { valueOffsets } = data;
  if (valueOffsets === undefined || valueOffsets === null) throw damaged('values without their places');
  if (valueOffsets instanceof Int32Array) {
    return [(index) => valueOffsets[index] ?? 0, (index) => valueOffsets[index + 1] ?? 0];
  }
  return [(index) => Number(valueOffsets[index] ?? 0), (index) => Number(valueOffsets[index + 1] ?? 0)];
}

/** A part of a struct, list or map. Throws FORMAT_INVALID where the decoder gave fewer than the type has. */
export function arrowChild(data: ArrowData, index: number): ArrowData {
  const child = data.children[index];
  if (child === undefined) throw damaged('a part less than its type has');
  return child;
}

/** The buffers contradict each other. */
export function damaged(what: string): BeamliftError {
  return new BeamliftError('FORMAT_INVALID', { what: `A decoded column has ${what}.` });
}

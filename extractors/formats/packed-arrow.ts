import { damaged, type ArrowData } from '../../core/arrow-buffers';
import type { ArrowLayout } from '../../core/arrow-layout';
import type { PackedBatch, PackedData } from './arrow-c-data';
import type { ArrowBatch } from './arrow-rows';

interface NumberArray<T> {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** Numbers of values of a dictionary, by the format of Arrow's C data interface. */
const KEYS: ReadonlyMap<string, NumberArray<ArrowData['values']>> = new Map<
  string,
  NumberArray<ArrowData['values']>
>([
  ['c', Int8Array],
  ['C', Uint8Array],
  ['s', Int16Array],
  ['S', Uint16Array],
  ['i', Int32Array],
  ['I', Uint32Array],
  ['l', BigInt64Array],
  ['L', BigUint64Array],
]);

/** The record batch where it lies; of the columns that have a layout. */
export function unpackBatch(
  { rows, names, columns, content }: PackedBatch,
  layouts: ReadonlyMap<string, ArrowLayout>,
): ArrowBatch {
  const found = names.flatMap((name, index) => {
    const layout = layouts.get(name);
    const packed = columns[index];
    return layout === undefined || packed === undefined ? [] : [{ name, layout, packed }];
  });
  return {
    numRows: rows,
    schema: { fields: found.map(({ name }) => ({ name })) },
    data: { children: found.map(({ layout, packed }) => unpack(layout, packed, content)) },
  };
}

function unpack(layout: ArrowLayout, packed: PackedData, content: ArrayBuffer): ArrowData {
  const { length, offset, nullCount, buffers, dictionary } = packed;
  const view = <T>(index: number, type: NumberArray<T>): T => {
    const [start, bytes] = buffers[index] ?? [0, 0];
    return new type(content, start, Math.floor(bytes / type.BYTES_PER_ELEMENT));
  };
  const nullBitmap = buffers[0] === undefined ? null : view(0, Uint8Array);
  const common = { length, offset, nullCount, nullBitmap, children: [] };
  const child = (index: number, of: ArrowLayout, parent = packed): ArrowData => {
    const found = parent.children[index];
    if (found === undefined) throw damaged('a part less than its type has');
    return unpack(of, found, content);
  };
  switch (layout.kind) {
    case 'text':
    case 'bytes':
      return { ...common, valueOffsets: view(1, offsetsType(layout.offsets)), values: view(2, Uint8Array) };
    case 'list': {
      const children = [child(0, layout.element)];
      if (layout.offsets === 'fixed') return { ...common, children };
      return { ...common, valueOffsets: view(1, offsetsType(layout.offsets)), children };
    }
    case 'struct':
      return { ...common, children: layout.fields.map((field, index) => child(index, field.layout)) };
    case 'map': {
      const entries: ArrowLayout = {
        kind: 'struct',
        fields: [
          { name: 'key', layout: layout.key },
          { name: 'value', layout: layout.value },
        ],
      };
      return { ...common, valueOffsets: view(1, Int32Array), children: [child(0, entries)] };
    }
    case 'dictionary': {
      const keys = KEYS.get(dictionary?.keys ?? '');
      if (keys === undefined || dictionary === undefined) throw damaged('numbers without their dictionary');
      return {
        ...common,
        values: view(1, keys) ?? null,
        dictionary: { data: [unpack(layout.values, dictionary.values, content)] },
      };
    }
    default:
      return { ...common, values: view(1, Uint8Array) };
  }
}

function offsetsType(offsets: unknown): NumberArray<Int32Array | BigInt64Array> {
  return offsets === 64 ? BigInt64Array : Int32Array;
}

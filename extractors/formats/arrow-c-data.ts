/**
 * Reads Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html) from the memory of a program with addresses of 32
 * bits, and copies the buffers of a record batch into one.
 */

/** Arrow's data whose buffers lie in one. */
export interface PackedData {
  readonly length: number;
  /** Of the bit buffers, in bits; all others begin at the first value. */
  readonly offset: number;
  /** Negative: not known. */
  readonly nullCount: number;
  /** Bits that say which values are not null, then the type's own buffers: where each begins, and its bytes. Undefined: there is none. */
  readonly buffers: readonly (readonly [start: number, bytes: number] | undefined)[];
  readonly children: readonly PackedData[];
  /** What the values are numbers of, and how they are written: as in `KEY_FORMATS`. */
  readonly dictionary?: { readonly values: PackedData; readonly keys: string };
}

/** Columns of a record batch in `content`. */
export interface PackedBatch {
  readonly rows: number;
  readonly names: readonly string[];
  readonly columns: readonly PackedData[];
  readonly content: ArrayBuffer;
  /** Of `content`, that are used. */
  readonly bytes: number;
}

/** How buffers of a type lie; `width` in bits. */
type Form =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'variable'; readonly width: 32 | 64 }
  | { readonly kind: 'list'; readonly width: 32 | 64 }
  | { readonly kind: 'children' };

interface SchemaNode {
  readonly name: string;
  readonly format: string;
  readonly form: Form;
  readonly children: readonly SchemaNode[];
  readonly dictionary: SchemaNode | undefined;
}

/** The schema of record batches, read once for all of a stream. Undefined: it has types that are not read here. */
export function readCSchema(memory: ArrayBufferLike, address: number): CSchema | undefined {
  const node = schemaNode(new DataView(memory), address);
  return node === undefined ? undefined : new CSchema(node);
}

function schemaNode(view: DataView, at: number): SchemaNode | undefined {
  const format = textAt(view, view.getUint32(at, true));
  const form = formOf(format);
  if (form === undefined) return undefined;
  const dictionaryAt = view.getUint32(at + 36, true);
  const dictionary = dictionaryAt === 0 ? undefined : schemaNode(view, dictionaryAt);
  if (dictionaryAt !== 0 && dictionary === undefined) return undefined;
  const children: SchemaNode[] = [];
  for (const address of addresses(view, view.getUint32(at + 32, true), long(view, at + 24))) {
    const child = schemaNode(view, address);
    if (child === undefined) return undefined;
    children.push(child);
  }
  return { name: textAt(view, view.getUint32(at + 4, true)), format, form, children, dictionary };
}

const FIXED_WIDTHS: ReadonlyMap<string, number> = new Map([
  ...['b'].map((format) => [format, 1] as const),
  ...['c', 'C'].map((format) => [format, 8] as const),
  ...['s', 'S', 'e'].map((format) => [format, 16] as const),
  ...['i', 'I', 'f', 'tdD', 'tts', 'ttm', 'tiM'].map((format) => [format, 32] as const),
  ...['l', 'L', 'g', 'tdm', 'ttu', 'ttn', 'tiD'].map((format) => [format, 64] as const),
  ['tin', 128],
]);

function formOf(format: string): Form | undefined {
  const width = FIXED_WIDTHS.get(format);
  if (width !== undefined) return { kind: 'fixed', width };
  if (format.startsWith('ts') || format.startsWith('tD')) return { kind: 'fixed', width: 64 };
  if (format.startsWith('w:')) return { kind: 'fixed', width: 8 * Number(format.slice(2)) };
  if (format.startsWith('d:')) return { kind: 'fixed', width: Number(format.split(',')[2] ?? 128) };
  if (format.startsWith('+w:')) return { kind: 'children' };
  switch (format) {
    case 'n':
      return { kind: 'nothing' };
    case 'u':
    case 'z':
      return { kind: 'variable', width: 32 };
    case 'U':
    case 'Z':
      return { kind: 'variable', width: 64 };
    case '+l':
    case '+m':
      return { kind: 'list', width: 32 };
    case '+L':
      return { kind: 'list', width: 64 };
    case '+s':
      return { kind: 'children' };
    default:
      return undefined;
  }
}

/** A part of the memory that is to be copied. */
interface Piece {
  readonly from: number;
  readonly bytes: number;
  readonly to: number;
}

/** Buffers begin at multiples of this: so do numbers of all sizes. */
const ALIGNMENT = 8;
/** A new buffer has room for batches that are somewhat larger: it is used again. */
const ROOM = 1.25;

export class CSchema {
  private pieces: Piece[] = [];
  private end = 0;

  constructor(private readonly root: SchemaNode) {}

  /** Copies a record batch into `spare`, if it is large enough. Undefined: it is a part of a larger one in a way that is not read here. */
  pack(memory: ArrayBufferLike, address: number, spare: ArrayBuffer | undefined): PackedBatch | undefined {
    const view = new DataView(memory);
    this.pieces = [];
    this.end = 0;
    const packed = this.data(view, this.root, address);
    if (packed === undefined || packed.offset !== 0) return undefined;
    const fits = spare !== undefined && spare.byteLength >= this.end;
    const content = fits ? spare : new ArrayBuffer(Math.ceil((this.end * ROOM) / ALIGNMENT) * ALIGNMENT);
    const to = new Uint8Array(content);
    for (const { from, bytes, to: at } of this.pieces) to.set(new Uint8Array(memory, from, bytes), at);
    return {
      rows: packed.length,
      names: this.root.children.map(({ name }) => name),
      columns: packed.children,
      content,
      bytes: this.end,
    };
  }

  private data(view: DataView, node: SchemaNode, at: number): PackedData | undefined {
    const length = long(view, at);
    const offset = long(view, at + 16);
    const buffers = addresses(view, view.getUint32(at + 40, true), long(view, at + 24));
    const { form, dictionary } = node;
    // Bits stay where they are in their first byte.
    const bit = offset & 7;
    const validity = buffers[0] ?? 0;
    const packed: (readonly [number, number] | undefined)[] = [
      validity === 0 || form.kind === 'nothing' ? undefined : this.bits(validity, offset, length),
    ];
    if (form.kind === 'fixed') {
      const values = buffers[1] ?? 0;
      const { width } = form;
      packed.push(
        width === 1
          ? this.bits(values, offset, length)
          : this.piece(values + offset * (width / 8), length * (width / 8)),
      );
    } else if (form.kind === 'variable' || form.kind === 'list') {
      const size = form.width / 8;
      const places = (buffers[1] ?? 0) + offset * size;
      const isEmpty = length === 0 || (buffers[1] ?? 0) === 0;
      packed.push(isEmpty ? undefined : this.piece(places, (length + 1) * size));
      if (form.kind === 'variable') {
        const last = places + length * size;
        const bytes = isEmpty ? 0 : form.width === 32 ? view.getInt32(last, true) : long(view, last);
        packed.push(this.piece(buffers[2] ?? 0, bytes));
      }
    } else if (offset !== 0) return undefined;
    const children: PackedData[] = [];
    const childAddresses = addresses(view, view.getUint32(at + 44, true), long(view, at + 32));
    for (const [index, child] of node.children.entries()) {
      const data = this.data(view, child, childAddresses[index] ?? 0);
      if (data === undefined) return undefined;
      children.push(data);
    }
    const nullCount = validity === 0 ? 0 : long(view, at + 8);
    const common = { length, offset: bit, nullCount, buffers: packed, children };
    if (dictionary === undefined) return common;
    const values = this.data(view, dictionary, view.getUint32(at + 48, true));
    return values === undefined ? undefined : { ...common, dictionary: { values, keys: node.format } };
  }

  private bits(address: number, offset: number, length: number): readonly [number, number] {
    return this.piece(address + (offset >> 3), ((offset & 7) + length + 7) >> 3);
  }

  private piece(from: number, bytes: number): readonly [number, number] {
    const to = this.end;
    if (bytes > 0) this.pieces.push({ from, bytes, to });
    this.end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return [to, bytes];
  }
}

/** A number of 64 bits that has at most 53. */
function long(view: DataView, at: number): number {
  return Number(view.getBigInt64(at, true));
}

function addresses(view: DataView, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => view.getUint32(at + 4 * index, true));
}

/** A text that ends with a zero byte. */
function textAt(view: DataView, at: number): string {
  if (at === 0) return '';
  const bytes = new Uint8Array(view.buffer, at);
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString('utf8');
}

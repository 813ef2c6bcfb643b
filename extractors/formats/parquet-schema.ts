import type { LeafAnnotation } from './arrow-schema';
import { LOGICAL, readLogicalType, type LogicalType } from './parquet-logical-type';
import {
  ThriftError,
  THRIFT,
  thriftFieldHeader,
  thriftSmallInteger,
  thriftText,
  type ThriftCursor,
} from './parquet-thrift';

/** A leaf of the schema: what a column chunk stores. */
export interface ParquetLeaf {
  /** Names from the root on, joined by `.`, for messages. */
  readonly path: string;
  /**
   * What its Arrow type does not say, or where Arrow's own decoding would lose something: INT96 wraps around outside of the years
   * 1677 to 2262, and INTERVAL drops its months. Both are decoded from their raw 12 bytes.
   */
  readonly annotation: LeafAnnotation;
  /** Bytes of a value once it is decoded; undefined: they differ. */
  readonly width: number | undefined;
  /** Under a list or map: more values than rows are normal. */
  readonly repeated: boolean;
}

/** A column of the table: a field of the root, with all leaves below it. */
export interface ParquetColumn {
  readonly name: string;
  /** Which leaves are its own: `firstLeaf` to `lastLeaf` (exclusive). */
  readonly firstLeaf: number;
  readonly lastLeaf: number;
  /** The file's own name of the type. */
  readonly nativeType: string;
  readonly node: SchemaNode;
}

/** A line of the schema with those below it. */
export interface SchemaNode {
  readonly element: SchemaElement;
  readonly children: readonly SchemaNode[];
}

/** Numbers of physical types in the format's parquet.thrift. */
export const PHYSICAL = {
  boolean: 0,
  int32: 1,
  int64: 2,
  int96: 3,
  float: 4,
  double: 5,
  byteArray: 6,
  fixed: 7,
} as const;
const PHYSICAL_NAMES = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
];
/** Numbers of converted types and repetitions that are named here. */
const CONVERTED_UTF8 = 0;
const CONVERTED_ENUM = 4;
const CONVERTED_JSON = 19;
const CONVERTED_INTERVAL = 21;
const REQUIRED = 0;
export const REPEATED = 2;

/** Bytes of the largest number, but for INT96. */
const MAX_NUMBER_BYTES = 8;

/** Bytes of an INT96 or INTERVAL value. */
const RAW_BYTES = 12;

/** Deepest nesting of a schema that is read. */
const MAX_SCHEMA_DEPTH = 100;

/** A replacement of bytes of the footer. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: readonly number[];
}

/** One line of the schema, in depth-first order. */
export interface SchemaElement {
  type: number | undefined;
  length: number | undefined;
  repetition: number;
  name: string;
  children: number;
  converted: number | undefined;
  scale: number;
  precision: number;
  logical: LogicalType | undefined;
}

/** A field of a SchemaElement as it stands in the footer. */
interface ElementField {
  readonly id: number;
  readonly type: number;
  readonly bytes: Iterable<number>;
}

/** Reads one SchemaElement; `edits` receives its replacement where its values are read as raw bytes or as text. Throws ThriftError. */
export function readSchemaElement(cursor: ThriftCursor, footer: Uint8Array, edits: Edit[]): SchemaElement {
  const element: SchemaElement = {
    type: undefined,
    length: undefined,
    repetition: REQUIRED,
    name: '',
    children: 0,
    converted: undefined,
    scale: 0,
    precision: 0,
    logical: undefined,
  };
  const start = cursor.position;
  const fields: ElementField[] = [];
  cursor.struct((id, type) => {
    const from = cursor.position;
    if (type === THRIFT.i32) {
      const value = cursor.integer();
      if (id === 1) element.type = value;
      else if (id === 2) element.length = value;
      else if (id === 3) element.repetition = value;
      else if (id === 5) element.children = value;
      else if (id === 6) element.converted = value;
      else if (id === 7) element.scale = value;
      else if (id === 8) element.precision = value;
    } else if (type === THRIFT.binary && id === 4) element.name = thriftText(cursor.binary());
    else if (type === THRIFT.struct && id === 10) element.logical = readLogicalType(cursor);
    else cursor.skip(type);
    fields.push({ id, type, bytes: footer.subarray(from, cursor.position) });
    return true;
  });
  const raw = annotationOf(element);
  if (raw === 'int96' || raw === 'interval') {
    edits.push({ start, end: cursor.position, bytes: declaredAs(fields, RAW_FIELDS) });
  } else if (isEnum(element)) {
    edits.push({ start, end: cursor.position, bytes: declaredAs(fields, TEXT_FIELDS) });
  }
  return element;
}

/** FIXED_LEN_BYTE_ARRAY(12) without a meaning. */
const RAW_FIELDS: readonly ElementField[] = [
  { id: 1, type: THRIFT.i32, bytes: [thriftSmallInteger(PHYSICAL.fixed)] },
  { id: 2, type: THRIFT.i32, bytes: [thriftSmallInteger(RAW_BYTES)] },
];

/** Text. */
const TEXT_FIELDS: readonly ElementField[] = [
  { id: 1, type: THRIFT.i32, bytes: [thriftSmallInteger(PHYSICAL.byteArray)] },
  { id: 6, type: THRIFT.i32, bytes: [thriftSmallInteger(CONVERTED_UTF8)] },
];

/** Fields that say nothing of the type: repetition, name, field id. */
const KEPT_FIELDS: readonly number[] = [3, 4, 9];

/** A schema element of another type, with the name and repetition of `fields`. */
function declaredAs(fields: readonly ElementField[], type: readonly ElementField[]): number[] {
  const kept = fields.filter(({ id }) => KEPT_FIELDS.includes(id));
  const bytes: number[] = [];
  let previous = 0;
  for (const field of [...kept, ...type].sort((a, b) => a.id - b.id)) {
    bytes.push(thriftFieldHeader(previous, field.id, field.type), ...field.bytes);
    previous = field.id;
  }
  bytes.push(THRIFT.stop);
  return bytes;
}

/** Symbols of an enumeration are UTF-8, by the format; the decoder would give bytes. */
function isEnum({ type, children, converted, logical }: SchemaElement): boolean {
  return (
    type === PHYSICAL.byteArray &&
    children === 0 &&
    (converted === CONVERTED_ENUM || logical?.kind === LOGICAL.enum)
  );
}

function annotationOf(element: SchemaElement): LeafAnnotation {
  if (element.children > 0) return 'none';
  if (element.type === PHYSICAL.int96) return 'int96';
  if (
    element.converted === CONVERTED_INTERVAL &&
    element.type === PHYSICAL.fixed &&
    element.length === RAW_BYTES
  ) {
    return 'interval';
  }
  if (element.logical?.kind === LOGICAL.uuid && element.type === PHYSICAL.fixed && element.length === 16)
    return 'uuid';
  if (element.logical?.kind === LOGICAL.json || element.converted === CONVERTED_JSON) return 'json';
  return 'none';
}

function widthOf(element: SchemaElement): number | undefined {
  if (element.type === PHYSICAL.byteArray) return undefined;
  return element.type === PHYSICAL.fixed ? (element.length ?? 0) : MAX_NUMBER_BYTES;
}

/** The tree that the flat list of schema elements stands for. */
export class SchemaTree {
  readonly columns: ParquetColumn[] = [];
  readonly leaves: ParquetLeaf[] = [];
  private next = 1;

  constructor(private readonly elements: readonly SchemaElement[]) {
    const root = elements[0];
    if (root === undefined) throw new ThriftError('an empty schema');
    const names = new Set<string>();
    for (let index = 0; index < root.children; index++) {
      const element = this.peek();
      const firstLeaf = this.leaves.length;
      const node = this.visit([], false);
      if (names.has(element.name))
        throw new ThriftError(`two columns of the name ${JSON.stringify(element.name)}`);
      names.add(element.name);
      this.columns.push({
        name: element.name,
        firstLeaf,
        lastLeaf: this.leaves.length,
        nativeType: nativeType(element),
        node,
      });
    }
    if (this.next !== elements.length) throw new ThriftError('a schema with loose ends');
  }

  private visit(parents: readonly string[], repeated: boolean): SchemaNode {
    if (parents.length > MAX_SCHEMA_DEPTH) throw new ThriftError('a schema nested too deeply');
    const element = this.peek();
    this.next++;
    const path = [...parents, element.name];
    const inList = repeated || element.repetition === REPEATED;
    if (element.children === 0 && element.type !== undefined) {
      this.leaves.push({
        path: path.join('.'),
        annotation: annotationOf(element),
        width: widthOf(element),
        repeated: inList,
      });
    }
    const children: SchemaNode[] = [];
    for (let index = 0; index < element.children; index++) children.push(this.visit(path, inList));
    return { element, children };
  }

  private peek(): SchemaElement {
    const element = this.elements[this.next];
    if (element === undefined) throw new ThriftError('a schema that ends too early');
    return element;
  }
}

function nativeType(element: SchemaElement): string {
  if (element.type === undefined) return 'group';
  const name = PHYSICAL_NAMES[element.type] ?? `type ${element.type}`;
  return element.length === undefined || element.length === 0 ? name : `${name}(${element.length})`;
}

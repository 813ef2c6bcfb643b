import type { ArrowLayout } from '../../../core/arrow-layout';
import { LOGICAL } from '../parquet-logical-type';
import type { ParquetChunk, ParquetMetadata } from '../parquet-metadata';
import {
  PHYSICAL,
  REPEATED,
  type ParquetColumn,
  type SchemaElement,
  type SchemaNode,
} from '../parquet-schema';
import { leafLayout } from './leaf-layout';

/** Numbers of the enumeration Encoding of the format's parquet.thrift. */
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  bitPacked: 4,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
  byteStreamSplit: 9,
} as const;

/** Numbers of the enumeration CompressionCodec. */
export const CODEC = { uncompressed: 0, snappy: 1, gzip: 2, zstd: 6 } as const;

/** What a column's levels mean: a value whose definition level is `present` is not null. */
export interface LeafShape {
  readonly layout: ArrowLayout;
  /** Of the leaf, as it is stored. */
  readonly physical: number;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number;
  /** The highest definition level. */
  readonly present: number;
}

/** A column that this decoder reads: values, or lists of them. */
export interface PageColumn {
  readonly name: string;
  readonly leaf: number;
  readonly nullable: boolean;
  readonly layout: ArrowLayout;
  readonly shape: LeafShape;
  /** Of lists: the definition levels from which on there is a list, and a value of one. Undefined: the column is no list. */
  readonly list: { readonly present: number; readonly element: number } | undefined;
}

/** A clause without the column's name. */
export interface Refusal {
  readonly refused: string;
}

/** The columns of a file, by their names. */
export function planColumns({ columns }: Pick<ParquetMetadata, 'columns'>): ColumnPlans {
  return new Map(columns.map((column) => [column.name, planColumn(column)]));
}
export type ColumnPlans = ReadonlyMap<string, PageColumn | Refusal>;

/**
 * What is decoded page by page of these columns of a row group: all of them, in this order, or none, for a reason. As far as the schema and the
 * footer tell.
 */
export function planRowGroup(
  { rowGroups }: Pick<ParquetMetadata, 'rowGroups'>,
  plans: ColumnPlans,
  index: number,
  names: readonly string[],
): readonly PageColumn[] | Refusal {
  const chunks = rowGroups[index]?.chunks ?? [];
  const planned: PageColumn[] = [];
  for (const name of names) {
    const plan = plans.get(name);
    if (plan === undefined) return { refused: `there is no column ${name}` };
    if ('refused' in plan) return { refused: `column ${name} ${plan.refused}` };
    const chunk = chunks[plan.leaf];
    const refusal = chunk === undefined ? { refused: 'is not in the row group' } : refuseChunk(chunk);
    if (refusal !== undefined) return { refused: `column ${name} ${refusal.refused}` };
    planned.push(plan);
  }
  return planned;
}

/** How pages of a column become Arrow's buffers, by the schema alone. */
export function planColumn({ name, firstLeaf: leaf, node }: ParquetColumn): PageColumn | Refusal {
  const { element } = node;
  if (node.children.length === 0) {
    const layout = leafLayout(element);
    if (layout === undefined) return { refused: 'has a type that is not decoded page by page' };
    if (element.repetition === REPEATED) {
      const shape = shapeOf(element, layout, 1);
      return { name, leaf, nullable: false, layout: listOf(layout), shape, list: { present: 0, element: 1 } };
    }
    const nullable = isOptional(element);
    return {
      name,
      leaf,
      nullable,
      layout,
      shape: shapeOf(element, layout, nullable ? 1 : 0),
      list: undefined,
    };
  }
  const value = listElement(node);
  if (value === undefined) return { refused: 'is nested in another way than a list of values' };
  const layout = leafLayout(value);
  if (layout === undefined) return { refused: 'is a list of a type that is not decoded page by page' };
  const nullable = isOptional(element);
  const list = { present: nullable ? 1 : 0, element: nullable ? 2 : 1 };
  const shape = shapeOf(value, layout, list.element + (isOptional(value) ? 1 : 0));
  return { name, leaf, nullable, layout: listOf(layout), shape, list };
}

/** Whether the pages of a chunk can be decoded, as far as the footer tells. Undefined: they can. */
export function refuseChunk({ codec, encodings }: ParquetChunk): Refusal | undefined {
  if (!CODECS.includes(codec)) return { refused: `is compressed with codec ${codec}` };
  const other = encodings.find((encoding) => !ENCODINGS.includes(encoding));
  return other === undefined ? undefined : { refused: `has the encoding ${other}` };
}

const CODECS: readonly number[] = Object.values(CODEC);
/** Levels of BIT_PACKED are not read, but some writers name it for levels that there are none of. */
const ENCODINGS: readonly number[] = Object.values(ENCODING);

/** The values of a group that is a list, in the ways that are written: `list.element`, or a field that repeats. */
function listElement({ element, children }: SchemaNode): SchemaElement | undefined {
  const [repeated] = children;
  if (!isList(element) || element.repetition === REPEATED || children.length !== 1) return undefined;
  if (repeated === undefined || repeated.element.repetition !== REPEATED) return undefined;
  if (repeated.children.length === 0) return isLeaf(repeated.element) ? repeated.element : undefined;
  const [value] = repeated.children;
  if (repeated.children.length !== 1 || value === undefined || isOldStruct(repeated.element.name))
    return undefined;
  if (value.children.length > 0 || value.element.repetition === REPEATED) return undefined;
  return isLeaf(value.element) ? value.element : undefined;
}

const CONVERTED_LIST = 3;

function isList({ converted, logical }: SchemaElement): boolean {
  return logical === undefined ? converted === CONVERTED_LIST : logical.kind === LOGICAL.list;
}

/** Names of groups that are not only there to repeat (LogicalTypes.md, "Backward-compatibility rules"). */
function isOldStruct(name: string): boolean {
  return name === 'array' || name.endsWith('_tuple');
}

function isLeaf({ type }: SchemaElement): boolean {
  return type !== undefined;
}

function isOptional({ repetition }: SchemaElement): boolean {
  return repetition === OPTIONAL;
}
const OPTIONAL = 1;

function shapeOf(element: SchemaElement, layout: ArrowLayout, present: number): LeafShape {
  return { layout, physical: element.type ?? PHYSICAL.boolean, length: element.length ?? 0, present };
}

function listOf(element: ArrowLayout): ArrowLayout {
  return { kind: 'list', offsets: 32, size: 0, element };
}

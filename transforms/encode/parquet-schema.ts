import type { ColumnType, TableSchema } from '../../core/schema';
import type { TimeUnit } from '../../core/time-unit';

/** How values of a leaf are written; `text`: as texts that a destination casts, since Parquet has no exact type for them. */
export type LeafForm =
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'decimal32'
  | 'decimal64'
  | 'decimal128'
  | 'date'
  | 'bytes'
  | 'uuid'
  | 'text';

/** Parquet's names for what values mean, with their parameters. */
export type Meaning =
  | { readonly kind: 'string' | 'json' | 'date' | 'uuid' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'time' | 'timestamp'; readonly unit: ExactUnit; readonly utc: boolean };

/** Parquet has no seconds. */
type ExactUnit = Exclude<TimeUnit, 's'>;

/** The largest levels at which a value of a node is there, and at which it is repeated. */
interface Levels {
  readonly definition: number;
  readonly repetition: number;
}

export interface ParquetLeaf extends Levels {
  readonly kind: 'leaf';
  readonly name: string;
  readonly type: ColumnType;
  readonly optional: boolean;
  readonly form: LeafForm;
  readonly meaning: Meaning | undefined;
  /** Its place among all leaves. */
  readonly index: number;
  /** Names from the column down to it. */
  readonly path: readonly string[];
}

/** A column, a field of one, or the elements of an array. */
export type ParquetNode =
  | ParquetLeaf
  | (Levels & {
      readonly kind: 'group';
      readonly name: string;
      readonly optional: boolean;
      readonly fields: readonly ParquetNode[];
    })
  | (Levels & {
      readonly kind: 'list';
      readonly name: string;
      readonly optional: boolean;
      /** Of which the levels say that it is an element. */
      readonly element: ParquetNode;
    });

/** Names that the format asks for in lists. */
export const LIST_GROUP = 'list';
const LIST_ELEMENT = 'element';

/** The columns of a table as Parquet has them. NOT NULL columns are required, elements of arrays and fields of structs as their type says. */
export function parquetColumns({ columns }: TableSchema): {
  readonly nodes: readonly ParquetNode[];
  readonly leaves: readonly ParquetLeaf[];
} {
  const leaves: ParquetLeaf[] = [];
  const nodeOf = (
    name: string,
    type: ColumnType,
    nullable: boolean,
    above: Levels & { readonly path: readonly string[] },
  ): ParquetNode => {
    const optional = nullable;
    const definition = above.definition + (optional ? 1 : 0);
    const { repetition } = above;
    const path = [...above.path, name];
    if (type.kind === 'array') {
      const inside = { definition: definition + 1, repetition: repetition + 1, path: [...path, LIST_GROUP] };
      const element = nodeOf(LIST_ELEMENT, type.element, true, inside);
      return { kind: 'list', name, optional, definition, repetition, element };
    }
    if (type.kind === 'struct') {
      const fields = type.fields.map((field) =>
        nodeOf(field.name, field.type, field.nullable !== false, { definition, repetition, path }),
      );
      return { kind: 'group', name, optional, definition, repetition, fields };
    }
    const leaf: ParquetLeaf = {
      ...{ kind: 'leaf', name, type, optional, definition, repetition, path },
      ...storageOf(type),
      index: leaves.length,
    };
    leaves.push(leaf);
    return leaf;
  };
  const top = { definition: 0, repetition: 0, path: [] };
  const nodes = columns.map(({ name, type, nullable }) => nodeOf(name, type, nullable, top));
  return { nodes, leaves };
}

/** Decimals of so many digits fit into 32, 64 and 128 bits. */
const DIGITS_OF_INT32 = 9;
const DIGITS_OF_INT64 = 18;
const DIGITS_OF_INT128 = 38;

const AS_TEXT = { form: 'text', meaning: { kind: 'string' } } as const;

function storageOf(type: ColumnType): { form: LeafForm; meaning: Meaning | undefined } {
  switch (type.kind) {
    case 'bool':
      return { form: 'bool', meaning: undefined };
    case 'int': {
      const { bits, unsigned } = type;
      if (bits === 128) return AS_TEXT;
      const meaning = { kind: 'int', bits, signed: unsigned !== true } as const;
      return { form: bits === 64 ? 'int64' : 'int32', meaning };
    }
    case 'float':
      return { form: type.bits === 32 ? 'float' : 'double', meaning: undefined };
    case 'decimal': {
      const { precision, scale = 0 } = type;
      if (precision === undefined || precision > DIGITS_OF_INT128 || scale < 0 || scale > precision)
        return AS_TEXT;
      const meaning = { kind: 'decimal', precision, scale } as const;
      if (precision <= DIGITS_OF_INT32) return { form: 'decimal32', meaning };
      return { form: precision <= DIGITS_OF_INT64 ? 'decimal64' : 'decimal128', meaning };
    }
    case 'string':
      return { form: 'bytes', meaning: { kind: 'string' } };
    case 'json':
    case 'variant':
      return { form: 'bytes', meaning: { kind: 'json' } };
    case 'bytes':
      return { form: 'bytes', meaning: undefined };
    case 'uuid':
      return { form: 'uuid', meaning: { kind: 'uuid' } };
    case 'date':
      return { form: 'date', meaning: { kind: 'date' } };
    case 'time':
      if (type.unit !== 'us') return AS_TEXT;
      return { form: 'int64', meaning: { kind: 'time', unit: type.unit, utc: false } };
    case 'datetime':
    case 'timestamp': {
      const { unit, kind } = type;
      if (unit === 's') return AS_TEXT;
      return { form: 'int64', meaning: { kind: 'timestamp', unit, utc: kind === 'timestamp' } };
    }
    default:
      return AS_TEXT;
  }
}

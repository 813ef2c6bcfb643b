import type { ArrowLayout } from '../../core/arrow-layout';
import { BeamliftError, type ErrorPlace } from '../../core/errors';
import type { ColumnType } from '../../core/schema';

/** What the file says about leaves beyond their Arrow type, in depth-first order. */
export type LeafAnnotation = 'none' | 'uuid' | 'json' | 'int96' | 'interval';

/** What is used of apache-arrow's fields and types. Its own declarations are generics over `any`; which properties exist follows from `typeId`. */
export interface ArrowField {
  readonly name: string;
  readonly nullable: boolean;
  readonly type: ArrowType;
}
export interface ArrowType {
  readonly typeId: number;
  readonly children?: readonly ArrowField[] | null;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly byteWidth?: number;
  readonly listSize?: number;
  /** Of a dictionary: the type of its values. */
  readonly dictionary?: ArrowType;
  toString(): string;
}

/** Numbers of the union `Type` of Arrow's Schema.fbs, as far as Parquet files lead to them. */
const TYPE = {
  Null: 1,
  Int: 2,
  Float: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  Interval: 11,
  List: 12,
  Struct: 13,
  FixedSizeBinary: 15,
  FixedSizeList: 16,
  Map: 17,
  Duration: 18,
  LargeBinary: 19,
  LargeUtf8: 20,
  LargeList: 21,
  BinaryView: 23,
  Utf8View: 24,
  Dictionary: -1,
} as const;

/** By Arrow's numbers. */
const UNITS = ['s', 'ms', 'us', 'ns'] as const;
const INTERVALS = ['months', 'day-time', 'month-day-nano'] as const;
const FLOAT_BITS = [16, 32, 64] as const;

/** The number of date unit DAY in Schema.fbs. */
const DAY = 0;

/**
 * The layout of a column. `annotations` are those of its leaves, in order; `place` is for errors.
 * Throws TYPE_UNSUPPORTED for unions and whatever Arrow adds later.
 */
export function arrowLayout(
  place: ErrorPlace,
  type: ArrowType,
  annotations: readonly LeafAnnotation[],
): ArrowLayout {
  let leaf = 0;
  const visit = (node: ArrowType): ArrowLayout => {
    switch (node.typeId) {
      case TYPE.List:
      case TYPE.LargeList:
      case TYPE.FixedSizeList:
        return listLayout(node, visit(child(node, 0).type));
      case TYPE.Struct:
        return {
          kind: 'struct',
          fields: children(node).map(({ name, type: field }) => ({
            name,
            layout: visit(field),
          })),
        };
      case TYPE.Map: {
        const entries = child(node, 0).type;
        const key = visit(child(entries, 0).type);
        return { kind: 'map', key, value: visit(child(entries, 1).type) };
      }
      case TYPE.Dictionary:
        return { kind: 'dictionary', values: visit(node.dictionary ?? incomplete(node)) };
      default:
        return leafLayout(node, annotations[leaf++] ?? 'none') ?? unsupported(place, node);
    }
  };
  return visit(type);
}

/** The column type of a layout: what its cells are. */
export function columnTypeOf(layout: ArrowLayout): ColumnType {
  switch (layout.kind) {
    case 'null':
      return { kind: 'string' };
    case 'int':
      return layout.unsigned
        ? { kind: 'int', bits: layout.bits, unsigned: true }
        : { kind: 'int', bits: layout.bits };
    case 'float':
      return { kind: 'float', bits: layout.bits === 64 ? 64 : 32 };
    case 'decimal':
      return { kind: 'decimal', precision: layout.precision, scale: layout.scale };
    case 'text':
      return { kind: layout.json ? 'json' : 'string' };
    case 'bytes':
    case 'fixed-bytes':
      return { kind: 'bytes' };
    case 'time':
      return { kind: 'time', unit: layout.unit };
    case 'instant':
      return { kind: layout.zoned ? 'timestamp' : 'datetime', unit: layout.unit };
    case 'duration':
      return { kind: 'int', bits: 64 };
    case 'parquet-interval':
      return { kind: 'interval' };
    case 'parquet-int96':
      return { kind: 'datetime', unit: 'us' };
    case 'list':
      return { kind: 'array', element: columnTypeOf(layout.element) };
    case 'struct':
      return {
        kind: 'struct',
        fields: layout.fields.map(({ name, layout: field }) => ({ name, type: columnTypeOf(field) })),
      };
    case 'map':
      return {
        kind: 'array',
        element: {
          kind: 'struct',
          fields: [
            { name: 'key', type: columnTypeOf(layout.key) },
            { name: 'value', type: columnTypeOf(layout.value) },
          ],
        },
      };
    case 'dictionary':
      return columnTypeOf(layout.values);
    case 'bool':
    case 'uuid':
    case 'date':
    case 'interval':
      return { kind: layout.kind };
  }
}

function leafLayout(type: ArrowType, annotation: LeafAnnotation): ArrowLayout | undefined {
  switch (type.typeId) {
    case TYPE.Null:
      return { kind: 'null' };
    case TYPE.Bool:
      return { kind: 'bool' };
    case TYPE.Int: {
      const { bitWidth, isSigned } = type;
      if (bitWidth !== 8 && bitWidth !== 16 && bitWidth !== 32 && bitWidth !== 64) return undefined;
      return { kind: 'int', bits: bitWidth, unsigned: isSigned === false };
    }
    case TYPE.Float: {
      const bits = FLOAT_BITS[type.precision ?? -1];
      return bits === undefined ? undefined : { kind: 'float', bits };
    }
    case TYPE.Decimal: {
      const { bitWidth, precision, scale } = type;
      if (bitWidth !== 32 && bitWidth !== 64 && bitWidth !== 128 && bitWidth !== 256) return undefined;
      if (precision === undefined || scale === undefined) return undefined;
      return { kind: 'decimal', bits: bitWidth, precision, scale };
    }
    case TYPE.Utf8:
      return { kind: 'text', offsets: 32, json: annotation === 'json' };
    case TYPE.LargeUtf8:
      return { kind: 'text', offsets: 64, json: annotation === 'json' };
    case TYPE.Utf8View:
      return { kind: 'text', offsets: 'view', json: annotation === 'json' };
    case TYPE.Binary:
      return { kind: 'bytes', offsets: 32 };
    case TYPE.LargeBinary:
      return { kind: 'bytes', offsets: 64 };
    case TYPE.BinaryView:
      return { kind: 'bytes', offsets: 'view' };
    case TYPE.FixedSizeBinary:
      return type.byteWidth === undefined ? undefined : fixedLayout(type.byteWidth, annotation);
    case TYPE.Date:
      return { kind: 'date', bits: type.unit === DAY ? 32 : 64 };
    case TYPE.Time: {
      const unit = UNITS[type.unit ?? -1];
      return unit === undefined ? undefined : { kind: 'time', bits: type.bitWidth === 32 ? 32 : 64, unit };
    }
    case TYPE.Timestamp: {
      const unit = UNITS[type.unit ?? -1];
      const zoned = typeof type.timezone === 'string' && type.timezone !== '';
      return unit === undefined ? undefined : { kind: 'instant', unit, zoned };
    }
    case TYPE.Interval: {
      const unit = INTERVALS[type.unit ?? -1];
      return unit === undefined ? undefined : { kind: 'interval', unit };
    }
    case TYPE.Duration:
      return { kind: 'duration' };
    default:
      return undefined;
  }
}

function fixedLayout(width: number, annotation: LeafAnnotation): ArrowLayout {
  if (annotation === 'uuid' && width === 16) return { kind: 'uuid' };
  if (annotation === 'interval' && width === 12) return { kind: 'parquet-interval' };
  if (annotation === 'int96' && width === 12) return { kind: 'parquet-int96' };
  return { kind: 'fixed-bytes', width };
}

function listLayout(type: ArrowType, element: ArrowLayout): ArrowLayout {
  if (type.typeId === TYPE.FixedSizeList) {
    return { kind: 'list', offsets: 'fixed', size: type.listSize ?? incomplete(type), element };
  }
  return { kind: 'list', offsets: type.typeId === TYPE.LargeList ? 64 : 32, size: 0, element };
}

function children(type: ArrowType): readonly ArrowField[] {
  return type.children ?? incomplete(type);
}

function child(type: ArrowType, index: number): ArrowField {
  return children(type)[index] ?? incomplete(type);
}

function incomplete(type: ArrowType): never {
  throw new BeamliftError('INTERNAL', { what: `The Arrow type ${type.toString()} is incomplete.` });
}

function unsupported(where: ErrorPlace, type: ArrowType): never {
  throw new BeamliftError('TYPE_UNSUPPORTED', {
    what: `Values of the Arrow type ${type.toString()} cannot be read.`,
    where,
    hint: 'Write the file with another type for this column.',
  });
}

import type { DuckDBType, DuckDBTypeId } from '@duckdb/node-api';

/** A type of DuckDB, as its catalogue has it. Scalars are named as in `DuckDBTypeId` (`BIGINT`, `TIMESTAMP_TZ`, …), and `JSON`. */
export type WarehouseType =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'decimal'; readonly width: number; readonly scale: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly element: WarehouseType }
  | { readonly kind: 'array'; readonly element: WarehouseType; readonly length: number }
  | { readonly kind: 'struct'; readonly fields: readonly WarehouseField[] }
  | { readonly kind: 'map'; readonly key: WarehouseType; readonly value: WarehouseType };

export interface WarehouseField {
  readonly name: string;
  readonly type: WarehouseType;
}

/** `ids` is the driver's table of type ids, which is loaded with the driver. */
export function warehouseType(type: DuckDBType, ids: typeof DuckDBTypeId): WarehouseType {
  const convert = (inner: DuckDBType): WarehouseType => warehouseType(inner, ids);
  switch (type.typeId) {
    case ids.DECIMAL:
      return { kind: 'decimal', width: type.width, scale: type.scale };
    case ids.ENUM:
      return { kind: 'enum', values: type.values };
    case ids.LIST:
      return { kind: 'list', element: convert(type.valueType) };
    case ids.ARRAY:
      return { kind: 'array', element: convert(type.valueType), length: type.length };
    case ids.STRUCT: {
      const { entryTypes, entryNames } = type;
      const fields = entryTypes.map((entry, index) => ({
        name: entryNames[index] ?? '',
        type: convert(entry),
      }));
      return { kind: 'struct', fields };
    }
    case ids.MAP:
      return { kind: 'map', key: convert(type.keyType), value: convert(type.valueType) };
    default:
      return { kind: 'scalar', name: type.alias === 'JSON' ? 'JSON' : ids[type.typeId] };
  }
}

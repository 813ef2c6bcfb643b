import { THRIFT, type ThriftCursor } from './parquet-thrift';

/** Numbers of the union LogicalType of the format's parquet.thrift. */
export const LOGICAL = {
  string: 1,
  map: 2,
  list: 3,
  enum: 4,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  integer: 10,
  unknown: 11,
  json: 12,
  bson: 13,
  uuid: 14,
  float16: 15,
} as const;

/** Numbers of the union TimeUnit. */
export const LOGICAL_UNIT = { ms: 1, us: 2, ns: 3 } as const;

/** A member of the union LogicalType; what the member does not have is 0 or false. */
export interface LogicalType {
  readonly kind: number;
  readonly scale: number;
  readonly precision: number;
  /** Of times: `isAdjustedToUTC`. */
  readonly zoned: boolean;
  readonly unit: number;
  readonly bits: number;
  readonly signed: boolean;
}

/** Reads a LogicalType. Undefined: it has no member. Throws ThriftError. */
export function readLogicalType(cursor: ThriftCursor): LogicalType | undefined {
  let logical: LogicalType | undefined;
  cursor.struct((kind, type) => {
    logical = { ...EMPTY, kind };
    if (type !== THRIFT.struct) return false;
    logical = readMember(cursor, kind);
    return true;
  });
  return logical;
}

const EMPTY = { scale: 0, precision: 0, zoned: false, unit: 0, bits: 0, signed: false };

function readMember(cursor: ThriftCursor, kind: number): LogicalType {
  const found = { ...EMPTY, kind };
  cursor.struct((id, type) => {
    if (type === THRIFT.true || type === THRIFT.false) {
      if (kind === LOGICAL.integer) found.signed = type === THRIFT.true;
      else found.zoned = type === THRIFT.true;
    } else if (type === THRIFT.i32) {
      const value = cursor.integer();
      if (id === 1) found.scale = value;
      else found.precision = value;
    } else if (type === THRIFT.byte) {
      found.bits = cursor.byte();
    } else if (type === THRIFT.struct) {
      cursor.struct((unit) => {
        found.unit = unit;
        return false;
      });
    } else return false;
    return true;
  });
  return found;
}

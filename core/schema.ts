import { z } from 'zod';
import { TIME_UNITS, type TimeUnit } from './time-unit';

/**
 * The type of a column, the same words for every source and destination.
 * `core/cells.ts` says what a cell of each kind looks like.
 */
export type ColumnType =
  | { kind: 'bool' }
  /** Whole numbers of `bits` bits, two's complement unless `unsigned`. */
  | { kind: 'int'; bits: 8 | 16 | 32 | 64 | 128; unsigned?: boolean | undefined }
  | { kind: 'float'; bits: 32 | 64 }
  /** `precision` digits in all, `scale` of them after the point; both absent: no declared limit. */
  | { kind: 'decimal'; precision?: number | undefined; scale?: number | undefined }
  /** `maxLength` in characters; `values`: the only texts allowed (an enum). */
  | { kind: 'string'; maxLength?: number | undefined; values?: string[] | undefined }
  /** `maxLength` in bytes. */
  | { kind: 'bytes'; maxLength?: number | undefined }
  /** A JSON document: a text in it is quoted and stays quoted. */
  | { kind: 'json' }
  /** A JSON value without a declared type (a field of a JSON file): a text in it means that text. Only sources have it. */
  | { kind: 'variant' }
  | { kind: 'uuid' }
  | { kind: 'date' }
  | { kind: 'time'; unit: TimeUnit }
  /** Wall-clock date and time, no zone. */
  | { kind: 'datetime'; unit: TimeUnit }
  /** A point in time. */
  | { kind: 'timestamp'; unit: TimeUnit }
  | { kind: 'interval' }
  | { kind: 'array'; element: ColumnType }
  | { kind: 'struct'; fields: StructField[] };

export type TypeKind = ColumnType['kind'];

export interface StructField {
  name: string;
  type: ColumnType;
  /** False: a struct that is there has a value here. Absent: it need not. */
  nullable?: boolean | undefined;
}

const unit = z.enum(TIME_UNITS);

export const columnTypeSchema: z.ZodType<ColumnType> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('bool') }),
    z.strictObject({
      kind: z.literal('int'),
      bits: z.union([z.literal(8), z.literal(16), z.literal(32), z.literal(64), z.literal(128)]),
      unsigned: z.boolean().optional(),
    }),
    z.strictObject({ kind: z.literal('float'), bits: z.union([z.literal(32), z.literal(64)]) }),
    z.strictObject({
      kind: z.literal('decimal'),
      precision: z.int().min(1).optional(),
      scale: z.int().optional(),
    }),
    z.strictObject({
      kind: z.literal('string'),
      maxLength: z.int().min(0).optional(),
      values: z.array(z.string()).optional(),
    }),
    z.strictObject({ kind: z.literal('bytes'), maxLength: z.int().min(0).optional() }),
    z.strictObject({ kind: z.literal('json') }),
    z.strictObject({ kind: z.literal('variant') }),
    z.strictObject({ kind: z.literal('uuid') }),
    z.strictObject({ kind: z.literal('date') }),
    z.strictObject({ kind: z.literal('time'), unit }),
    z.strictObject({ kind: z.literal('datetime'), unit }),
    z.strictObject({ kind: z.literal('timestamp'), unit }),
    z.strictObject({ kind: z.literal('interval') }),
    z.strictObject({ kind: z.literal('array'), element: columnTypeSchema }),
    z.strictObject({
      kind: z.literal('struct'),
      fields: z.array(
        z.strictObject({ name: z.string(), type: columnTypeSchema, nullable: z.boolean().optional() }),
      ),
    }),
  ]),
);

export const columnSchema = z.strictObject({
  name: z.string(),
  /** What the source sends, or the destination holds. */
  type: columnTypeSchema,
  nullable: z.boolean(),
  /** What a sample says the values mean, where the source itself only has text (CSV), variants (JSON) or arrays of any depth (PostgreSQL). A destination is created with it. */
  inferredType: columnTypeSchema.optional(),
  /** The source computes it; it is read like any other. */
  generated: z.boolean().optional(),
  /** The source's own name of the type, for people. */
  nativeType: z.string().optional(),
  comment: z.string().optional(),
});
export type Column = z.infer<typeof columnSchema>;

/** How a table is divided by the values of a column; `hour` is for instants only. */
export const partitioningSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.enum(['hour', 'day', 'month', 'year']), column: z.string() }),
  /** Whole numbers from `start` (inclusive) to `end` (exclusive), `interval` numbers a partition. */
  z.strictObject({
    by: z.literal('range'),
    column: z.string(),
    start: z.int(),
    end: z.int(),
    interval: z.int().min(1),
  }),
]);
export type Partitioning = z.infer<typeof partitioningSchema>;

export const tableSchemaSchema = z.strictObject({
  columns: z.array(columnSchema),
  /** Columns of the primary key, in its order; empty where there is none or it is not known. */
  primaryKey: z.array(z.string()),
  /** Of a destination table, where it has one. */
  partitioning: partitioningSchema.optional(),
});
export type TableSchema = z.infer<typeof tableSchemaSchema>;

import type { TimeUnit } from './time-unit';

/**
 * How the values of an Arrow column lie in memory, with what the file says beyond Arrow (`uuid`, `json`, the raw Parquet types).
 * One walk over a schema makes it; cells are then read without asking for types again.
 */
export type ArrowLayout =
  | { kind: 'null' }
  | { kind: 'bool' }
  | { kind: 'int'; bits: 8 | 16 | 32 | 64; unsigned: boolean }
  | { kind: 'float'; bits: 16 | 32 | 64 }
  | { kind: 'decimal'; bits: 32 | 64 | 128 | 256; precision: number; scale: number }
  | { kind: 'text'; offsets: Offsets; json: boolean }
  | { kind: 'bytes'; offsets: Offsets }
  | { kind: 'fixed-bytes'; width: number }
  | { kind: 'uuid' }
  | { kind: 'date'; bits: 32 | 64 }
  | { kind: 'time'; bits: 32 | 64; unit: TimeUnit }
  | { kind: 'instant'; unit: TimeUnit; zoned: boolean }
  | { kind: 'duration' }
  | { kind: 'interval'; unit: 'months' | 'day-time' | 'month-day-nano' }
  /** 12 bytes of Parquet's INTERVAL: months, days, milliseconds. */
  | { kind: 'parquet-interval' }
  /** 12 bytes of Parquet's INT96: nanoseconds of the day, Julian day. */
  | { kind: 'parquet-int96' }
  | { kind: 'list'; offsets: 32 | 64 | 'fixed'; size: number; element: ArrowLayout }
  | { kind: 'struct'; fields: { name: string; layout: ArrowLayout }[] }
  | { kind: 'map'; key: ArrowLayout; value: ArrowLayout }
  | { kind: 'dictionary'; values: ArrowLayout };

/** How the places of values of different lengths are kept. */
export type Offsets = 32 | 64 | 'view';

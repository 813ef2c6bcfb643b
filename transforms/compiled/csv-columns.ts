import type { DestinationRules } from '../../core/destination-rules';
import type { ColumnType } from '../../core/schema';
import { rangeOf, type WireTypes } from './pg-columns';
import { EXACT_FLOAT32_DIGITS } from './text-float';
import { wholeSeconds } from './text-instant';
import { EXACT_DIGITS } from './text-digits';
import { isReadFromText } from './text-writer';

/** Kinds of columns by their numbers in wasm/csv-avro.wat. */
const KINDS = [
  'text',
  'document',
  'int',
  'decimal',
  'float32',
  'float64',
  'bool',
  'uuid',
  'date',
  'time',
  'instant',
] as const;
type CsvKind = (typeof KINDS)[number];

/** What wasm/csv-avro.wat has to know of a column; a number's meaning depends on its kind, and is told there. */
export interface CsvColumn {
  readonly kind: CsvKind;
  readonly least: bigint;
  readonly most: bigint;
  readonly scale: number;
}

const MOST_LONG = 2n ** 63n - 1n;
/** Decimals are written with up to so many digits. */
const MAX_PRECISION = 18;

/** The column for texts that `compileTextWriter` would write, or some of them. Undefined: there is none for these types. */
export function csvColumn({ source, destination, rules }: WireTypes): CsvColumn | undefined {
  if (!isReadFromText(source, destination)) return undefined;
  switch (destination.kind) {
    case 'bool':
    case 'uuid':
      return column(destination.kind);
    case 'int': {
      if (destination.bits > 64) return undefined;
      const [least, most] = rangeOf(destination);
      return column('int', { least, most });
    }
    case 'decimal':
      return decimalColumn(destination);
    case 'float': {
      if (source.kind === 'float' && source.bits !== destination.bits) return undefined;
      const digits = destination.bits === 32 ? EXACT_FLOAT32_DIGITS : EXACT_DIGITS;
      return column(`float${destination.bits}`, { most: 10n ** BigInt(digits) });
    }
    case 'string':
      return textColumn(source, destination, rules);
    case 'json':
      // What takes Avro keeps numbers in 64 bits, and any document.
      return rules.jsonNumbers === '64-bit' && rules.nullDocument !== false ? column('document') : undefined;
    case 'date': {
      const [least, most] = rules.dateRange;
      return column('date', { least, most });
    }
    case 'time':
      return destination.unit === 'us' ? column('time') : undefined;
    case 'datetime':
    case 'timestamp': {
      if (destination.unit !== 'us') return undefined;
      const { first, end } = wholeSeconds(destination.unit, rules);
      return column('instant', { least: BigInt(first), most: BigInt(end) });
    }
    default:
      return undefined;
  }
}

/** As WebAssembly knows it. */
export function csvKindNumber(kind: CsvKind): number {
  return KINDS.indexOf(kind);
}

function column(kind: CsvKind, limits: Partial<Omit<CsvColumn, 'kind'>> = {}): CsvColumn {
  return { kind, least: 0n, most: 0n, scale: 0, ...limits };
}

function decimalColumn({
  precision,
  scale = 0,
}: Extract<ColumnType, { kind: 'decimal' }>): CsvColumn | undefined {
  // With a greater scale nearly no number has so few digits.
  if (precision === undefined || scale < 0 || scale > MAX_PRECISION) return undefined;
  return column('decimal', { most: 10n ** BigInt(Math.min(precision, MAX_PRECISION)), scale });
}

function textColumn(
  source: ColumnType,
  { maxLength = Infinity, values }: Extract<ColumnType, { kind: 'string' }>,
  { nulCharacter }: DestinationRules,
): CsvColumn | undefined {
  if (source.kind !== 'string' || values !== undefined || !nulCharacter) return undefined;
  const isLimited = maxLength < (source.maxLength ?? Infinity);
  // Characters: texts of so many bytes have no more of them.
  return column('text', { most: isLimited ? BigInt(maxLength) : MOST_LONG });
}

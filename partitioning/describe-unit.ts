import { formatCount, formatCounted } from '../core/counted';
import { showValue } from '../core/errors';
import type { Bound, PlannedFile, WorkUnit } from '../core/plan';

/** A unit in a few words, for people: `created_at 2024-01-01 … 2024-02-01`, the end not included. */
export function describeUnit(unit: WorkUnit): string {
  switch (unit.kind) {
    case 'all':
      return 'the whole window';
    case 'is-null':
      return `${showValue(unit.column)} is null`;
    case 'range':
      return `${showValue(unit.column)} ${describeRange(unit.lower, unit.upper)}`;
    case 'hash':
      return `hash of ${showValue(unit.column)}, ${unit.remainder} of ${unit.modulus}`;
    case 'file':
      return describeFile(unit);
    case 'files':
      return describeFiles(unit.files);
    case 'stream':
      return `stream ${showValue(unit.stream.split('/').at(-1) ?? '')}`;
  }
}

/** `a.csv`, `a.csv from byte 67,108,864`, `a.parquet row groups 3 … 5`, counted from 1. */
function describeFile({ uri, range }: PlannedFile): string {
  const name = showValue(uri);
  if (range === undefined) return name;
  if (range.by === 'byte') return `${name} from byte ${formatCount(range.start)}`;
  const [first, last] = [range.start + 1, range.end].map(formatCount);
  return first === last ? `${name} row group ${first}` : `${name} row groups ${first} … ${last}`;
}

/** `1,250 files, a.csv … c.csv`. */
function describeFiles(files: readonly PlannedFile[]): string {
  const [first, last] = [files[0], files.at(-1)].map((file) => showValue(file?.uri ?? ''));
  return `${formatCounted(files.length, 'file')}, ${first} … ${last}`;
}

function describeRange(lower: Bound | null, upper: Bound | null): string {
  if (lower?.inclusive === true && upper?.inclusive === false) {
    return `${shortened(lower.value)} … ${shortened(upper.value)}`;
  }
  const from = lower === null ? [] : [lower.inclusive ? 'from' : 'after', shortened(lower.value)];
  const to = upper === null ? [] : [upper.inclusive ? 'up to' : 'before', shortened(upper.value)];
  return lower === null && upper === null ? 'of every value' : [...from, ...to].join(' ');
}

/** A bound without the parts of a time that are zero. */
function shortened(value: string): string {
  return showValue(
    value
      .replace(/(T\d{2}:\d{2}:\d{2})\.0+(Z?)$/, '$1$2')
      .replace(/(T\d{2}:\d{2}):00(Z?)$/, '$1$2')
      .replace(/T00:00Z?$/, ''),
  );
}

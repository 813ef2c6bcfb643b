import { showValue } from '../core/errors';
import type { WorkUnit } from '../core/plan';

/** A unit in a few words, for logs, errors and `plan`: `created_at 2024-01-01 … 2024-02-01`. */
export function describeUnit(unit: WorkUnit): string {
  switch (unit.kind) {
    case 'all':
      return 'all rows';
    case 'is-null':
      return `${showValue(unit.column)} is null`;
    case 'range': {
      const column = showValue(unit.column);
      const [lower, upper] = [unit.lower, unit.upper];
      if (lower === null && upper === null) return `${column}, all values`;
      if (lower === null) return `${column} before ${shortened(upper?.value ?? '')}`;
      if (upper === null) return `${column} from ${shortened(lower.value)}`;
      return `${column} ${shortened(lower.value)} … ${shortened(upper.value)}`;
    }
    case 'hash':
      return `hash of ${showValue(unit.column)}, ${unit.remainder + 1} of ${unit.modulus}`;
    case 'file':
      return unit.range === undefined
        ? showValue(unit.uri)
        : `${showValue(unit.uri)}, bytes ${unit.range[0]} … ${unit.range[1]}`;
  }
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

import type { ErrorPlace, ErrorReport } from '../../core/errors';
import type { Palette } from './palette';
import { printable, printableLine } from './printable';
import { renderPairs } from './table';

/** The order in which the parts of a place are read. */
const PLACES = [
  'job',
  'connection',
  'object',
  'unit',
  'row',
  'column',
  'value',
] as const satisfies readonly (keyof ErrorPlace)[];

/** An error as a person reads it, with a newline at its end: what, then where, why and what to do as far as they are known. */
export function renderError(error: ErrorReport, palette: Palette): string {
  const pairs: [string, string][] = [];
  const where = renderPlace(error.where);
  if (where !== '') pairs.push(['where', where]);
  if (error.why !== undefined) pairs.push(['why', printable(error.why)]);
  if (error.hint !== undefined) pairs.push(['hint', printable(error.hint)]);
  const what = printable(error.what).replaceAll('\n', '\n  ');
  const lines = [`${palette.bad('error')} ${error.code}: ${what}`, ...renderPairs(pairs)];
  return `${lines.join('\n')}\n`;
}

/** `job orders, connection shop, column amount`. */
function renderPlace(place: ErrorPlace): string {
  return PLACES.flatMap((part) => {
    const text = place[part];
    if (text === undefined) return [];
    // Rows of files say themselves what they are: `line 7`.
    const saysItself = part === 'object' || (part === 'row' && !/^\d+$/.test(text));
    return [saysItself ? printableLine(text) : `${part} ${printableLine(text)}`];
  }).join(', ');
}

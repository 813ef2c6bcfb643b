import type { Cell } from '../../core/cells';
import {
  CSV_ABSENT,
  CSV_DOUBLED_QUOTES,
  CSV_ESCAPES,
  CSV_FIELD_SHIFT,
  CSV_QUOTED,
  type CsvLayout,
} from '../../core/csv-rows';
import type { CsvDialect, CsvSettings } from './csv-dialect';
import { CsvPlainText } from './csv-plain-text';

/** How fields of records that stay as they are, all of them valid UTF-8, are read. */
export function csvLayout(settings: CsvSettings, dialect: CsvDialect): CsvLayout {
  const { nullMarkers, quotedNulls } = settings;
  const plainText = new CsvPlainText(dialect);
  const longestNull = Math.max(...nullMarkers.map((marker) => marker.length));
  const decode = (bytes: Buffer, start: number, lengthAndFlags: number): Cell => {
    if ((lengthAndFlags & CSV_ABSENT) !== 0) return null;
    const isQuoted = (lengthAndFlags & CSV_QUOTED) !== 0;
    const hasEscapes = (lengthAndFlags & CSV_ESCAPES) !== 0;
    const written = bytes.toString('utf8', start, start + (lengthAndFlags >> CSV_FIELD_SHIFT));
    const isPlain = !hasEscapes && (lengthAndFlags & CSV_DOUBLED_QUOTES) === 0;
    const text = isPlain ? written : plainText.of(written, isQuoted);
    const canBeNull = text.length <= longestNull && !hasEscapes && (quotedNulls || !isQuoted);
    return canBeNull && nullMarkers.includes(text) ? null : text;
  };
  return {
    quote: dialect.quote ?? -1,
    nulls: { markers: nullMarkers.map((marker) => Buffer.from(marker, 'utf8')), quoted: quotedNulls },
    decode,
  };
}

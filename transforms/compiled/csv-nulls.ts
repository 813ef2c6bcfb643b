import { CSV_ESCAPES, CSV_FIELD_SHIFT, CSV_QUOTED, type CsvLayout } from '../../core/csv-rows';

/** Whether a field is null, by its bytes. */
export type IsNull = (bytes: Buffer, start: number, lengthAndFlags: number) => boolean;

/** Tells fields that are null. Undefined: they are those without a byte and without quotes. */
export function compileCsvNulls({ quote, nulls }: CsvLayout): IsNull | undefined {
  const { markers, quoted } = nulls;
  if (!quoted && markers.length === 1 && markers[0]?.length === 0) return undefined;
  const withinQuotes = quoted ? markers.map((marker) => doubled(marker, quote)) : [];
  return (bytes, start, lengthAndFlags) => {
    if ((lengthAndFlags & CSV_ESCAPES) !== 0) return false;
    const length = lengthAndFlags >> CSV_FIELD_SHIFT;
    for (const marker of (lengthAndFlags & CSV_QUOTED) === 0 ? markers : withinQuotes) {
      if (marker.length === length && isMarker(marker, bytes, start)) return true;
    }
    return false;
  };
}

/** As it is written between quotes. */
function doubled(marker: Uint8Array, quote: number): Uint8Array {
  return Uint8Array.from(Array.from(marker).flatMap((byte) => (byte === quote ? [byte, byte] : [byte])));
}

function isMarker(marker: Uint8Array, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < marker.length; index++)
    if (bytes[start + index] !== marker[index]) return false;
  return true;
}

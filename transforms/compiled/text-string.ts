import type { DestinationRules } from '../../core/destination-rules';
import type { ColumnType } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

type StringType = Extract<ColumnType, { kind: 'string' }>;

/**
 * Writes texts (valid UTF-8, which the caller has made sure of) as they are: at most `maxLength` characters, one of the `values` of an enum, and without U+0000 where
 * the destination has no place for it. `sourceMaxLength`: characters that no text is longer than.
 */
export function compileStringText(
  sink: ValueSink,
  destination: StringType,
  { nulCharacter }: DestinationRules,
  sourceMaxLength = Infinity,
): FieldWriter {
  const { maxLength = Infinity, values } = destination;
  let write: FieldWriter = (bytes, view, start, length) => {
    sink.putBytes(bytes, view, start, length);
    return true;
  };
  if (values !== undefined) write = onlyValues(values, write);
  if (!nulCharacter) write = withoutNul(write);
  return sourceMaxLength <= maxLength ? write : atMost(maxLength, write);
}

/** Whether `compileStringText` looks at no text. */
export function takesEveryText(
  { maxLength = Infinity, values }: StringType,
  { nulCharacter }: DestinationRules,
  sourceMaxLength = Infinity,
): boolean {
  return values === undefined && nulCharacter && sourceMaxLength <= maxLength;
}

function atMost(characters: number, write: FieldWriter): FieldWriter {
  return (bytes, view, start, length) =>
    (length <= characters || charactersOf(bytes, start, length) <= characters) &&
    write(bytes, view, start, length);
}

/** Every byte but those that continue a character begins one. */
function charactersOf(bytes: Buffer, start: number, length: number): number {
  let characters = 0;
  for (let at = start; at < start + length; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) characters++;
  return characters;
}

/** Up to so many bytes are looked at one by one: to call Node.js costs more. */
const SHORT_SEARCH = 64;

function withoutNul(write: FieldWriter): FieldWriter {
  return (bytes, view, start, length) => {
    const end = start + length;
    if (length > SHORT_SEARCH) {
      if (bytes.subarray(start, end).includes(0)) return false;
    } else {
      for (let at = start; at < end; at++) if (bytes[at] === 0) return false;
    }
    return write(bytes, view, start, length);
  };
}

function onlyValues(values: readonly string[], write: FieldWriter): FieldWriter {
  const texts = values.map((value) => Buffer.from(value, 'utf8'));
  return (bytes, view, start, length) => {
    for (const text of texts) {
      if (text.length === length && isText(text, bytes, start)) return write(bytes, view, start, length);
    }
    return false;
  };
}

function isText(text: Buffer, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}

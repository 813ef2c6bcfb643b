import { FIELD_ESCAPED } from '../../core/json-rows';
import type { DestinationRules } from '../../core/destination-rules';
import type { PolicySet } from '../../core/policies';
import type { ColumnType } from '../../core/schema';
import { compileJsonArray } from './json-array';
import { compileJsonDocument } from './json-document';
import { JsonUnescape } from './json-unescape';
import { compileReferenceCell } from './reference-writer';
import type { FieldWriter } from './field-writer';
import { compileTextWriter } from './text-writer';
import type { ValueSink } from './value-sink';

/**
 * Writes a JSON value that is not null, behind what the block holds: valid, with nothing around it, `marks` as in `JsonRows.fields`. False: not a value
 * that it writes; what it has written of it is taken back by the caller, and the row goes by the reference.
 */
export type JsonWriter = (
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
  marks: number,
) => boolean;

export interface JsonWriterInput {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
  readonly policies: PolicySet;
  readonly sink: ValueSink;
}

const STRING: ColumnType = { kind: 'string' };
const QUOTE = 34;

/** The writer of a column; where there is none for its type, that of the reference's cells. */
export function compileJsonWriter(input: JsonWriterInput): JsonWriter {
  return compileValue(input) ?? compileByReference(input);
}

/** The writer of variants. Undefined: there is none for the type. */
export function compileValue({
  source,
  destination,
  rules,
  policies,
  sink,
}: JsonWriterInput): JsonWriter | undefined {
  if (source.kind !== 'variant') return undefined;
  if (destination.kind === 'json') return compileJsonDocument(sink, rules);
  if (destination.kind === 'array') {
    const { element } = sink;
    if (element === undefined) return undefined;
    const write = compileValue({ source, destination: destination.element, rules, policies, sink: element });
    return write === undefined ? undefined : compileJsonArray(sink, write);
  }
  const write = compileTextWriter(STRING, destination, rules, sink);
  if (write === undefined) return undefined;
  const writeText = ofText(write);
  switch (destination.kind) {
    case 'bool':
    case 'int':
    case 'float':
    case 'decimal':
    case 'string':
      // Numbers, true and false are read as such texts are; into a text goes everything else as it is written.
      return (bytes, view, start, end, marks) =>
        bytes[start] === QUOTE
          ? writeText(bytes, view, start, end, marks)
          : write(bytes, view, start, end - start);
    default:
      return (bytes, view, start, end, marks) =>
        bytes[start] === QUOTE && writeText(bytes, view, start, end, marks);
  }
}

/** What a JSON string means, without its quotes. */
function ofText(write: FieldWriter): JsonWriter {
  const unescape = new JsonUnescape();
  return (bytes, view, start, end, marks) => {
    if ((marks & FIELD_ESCAPED) === 0) return write(bytes, view, start + 1, end - start - 2);
    return (
      unescape.read(bytes, start + 1, end - 1) && write(unescape.bytes, unescape.view, 0, unescape.length)
    );
  };
}

function compileByReference(input: JsonWriterInput): JsonWriter {
  const write = compileReferenceCell(input);
  return (bytes, _view, start, end) => write(bytes.toString('utf8', start, end));
}

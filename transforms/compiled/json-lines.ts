import type { NdjsonDialect } from '../../core/encoding';
import type { BlockBuffer } from '../encode/block-buffer';
import { policiesOf } from '../schema-aware-converter';
import { compileFieldNull } from './field-null';
import { JsonCodec } from './json-codec';
import { compileJsonCopy } from './json-copy';
import { compileJsonRow } from './json-row';
import { LineColumn } from './line-column';
import { compileReferenceCell } from './reference-writer';
import type { CodecInput } from './row-codec';

export interface LineCodecInput extends Omit<CodecInput, 'sinks'> {
  readonly dialect: NdjsonDialect;
  /** What lines are written behind; their end is the caller's. */
  readonly line: BlockBuffer;
}

/** The codec that writes lines of NDJSON, as the encoder of rows does: values that stand in the file as they stand there are copied. */
export function compileJsonLines(input: LineCodecInput): JsonCodec {
  const { destination, dialect, line, rules, policies, mode } = input;
  const sinks = destination.columns.map(
    (column, index) => new LineColumn(line, column, dialect, index === 0),
  );
  const writeRow = compileJsonRow(input, mode, (index, { source, sourceType, destinationType }) => {
    const sink = sinks[index];
    if (sink === undefined) return undefined;
    const types = { source: sourceType, destination: destinationType };
    const whenNull = compileFieldNull(index, { ...input, sinks });
    const copy = compileJsonCopy({ ...types, rules, dialect, line });
    if (copy === undefined) {
      const write = compileReferenceCell({ ...types, rules, policies: policiesOf(policies, source), sink });
      return {
        sink,
        whenNull,
        write: (bytes, _view, start, end) => write(bytes.toString('utf8', start, end)),
      };
    }
    return {
      sink,
      whenNull,
      write: (bytes, view, start, end, marks) => {
        sink.putName();
        return copy(bytes, view, start, end, marks);
      },
    };
  });
  return new JsonCodec(input, writeRow);
}

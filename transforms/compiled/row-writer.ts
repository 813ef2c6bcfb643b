import { PG_NULL } from '../../core/pg-binary';
import type { FieldNull } from './field-null';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

/** What becomes of a field. */
export interface FieldStep {
  readonly write: FieldWriter;
  readonly sink: ValueSink;
  readonly whenNull: FieldNull;
}

/**
 * Writes the fields of a row, of which the first one's length is at `start`, to their sinks. Returns where the row's fields end; a negative
 * number where the row is for the reference: what was written of it is to be forgotten.
 */
export type RowWriter = (bytes: Buffer, view: DataView, start: number) => number;

/**
 * `generated`: one function in which each field has a place of its own, so that the compiler makes one of it and the fields' writers. `wasm`: as that,
 * behind WebAssembly where there is some for the wire and the columns, which writes most rows.
 */
export type CodecMode = 'wasm' | 'generated' | 'closures';

export const FOR_REFERENCE = -1;

/** The writer of rows of these fields, in order. Both modes write the same bytes; where Node.js may not make code of texts, there is only one. */
export function compileRowWriter(steps: readonly FieldStep[], mode: CodecMode): RowWriter {
  if (mode === 'closures') return loop(steps);
  try {
    return generate(steps);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps);
    throw error;
  }
}

function loop(steps: readonly FieldStep[]): RowWriter {
  return (bytes, view, start) => {
    let at = start;
    for (const { write, sink, whenNull } of steps) {
      const length = view.getInt32(at);
      at += 4;
      if (length === PG_NULL) {
        if (whenNull === 'null') sink.putNull();
        else if (whenNull === 'reference' || !whenNull()) return FOR_REFERENCE;
        continue;
      }
      if (!write(bytes, view, at, length)) return FOR_REFERENCE;
      at += length;
    }
    return at;
  };
}

/** Only numbers of this module and numbers of fields get into the text of the function: names and values cannot. */
function generate(steps: readonly FieldStep[]): RowWriter {
  const fields = steps.map(({ whenNull }, index) =>
    [
      'length = view.getInt32(at); at += 4;',
      `if (length === ${PG_NULL}) {`,
      nullText(whenNull, index),
      '} else {',
      `if (!write${index}(bytes, view, at, length)) return ${FOR_REFERENCE};`,
      'at += length;',
      '}',
    ].join('\n'),
  );
  const body = [
    '"use strict";',
    `const [${steps.map((_, index) => `write${index}`).join(', ')}] = writers;`,
    `const [${steps.map((_, index) => `null${index}`).join(', ')}] = nulls;`,
    `const [${steps.map((_, index) => `sink${index}`).join(', ')}] = sinks;`,
    'return (bytes, view, start) => {',
    'let at = start, length = 0;',
    ...fields,
    'return at;',
    '};',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writers', 'nulls', 'sinks', body) as (
    writers: readonly FieldWriter[],
    nulls: readonly FieldNull[],
    sinks: readonly ValueSink[],
  ) => RowWriter;
  return make(
    steps.map(({ write }) => write),
    steps.map(({ whenNull }) => whenNull),
    steps.map(({ sink }) => sink),
  );
}

function nullText(whenNull: FieldNull, index: number): string {
  if (whenNull === 'null') return `sink${index}.putNull();`;
  if (whenNull === 'reference') return `return ${FOR_REFERENCE};`;
  return `if (!null${index}()) return ${FOR_REFERENCE};`;
}

import { PG_NULL } from '../../core/pg-binary';
import type { AvroBuffer } from '../encode/avro-buffer';
import type { FieldWriter } from './field-writer';

/** What becomes of a field. */
export interface FieldStep {
  readonly write: FieldWriter;
  /** Whether the column is a union with null. */
  readonly union: boolean;
  /** What null is: the union's null, for the reference, or what the function writes, unless it says false: then the row is for the reference. */
  readonly whenNull: 'null' | 'reference' | (() => boolean);
}

/**
 * Writes the fields of a row, of which the first one's length is at `start`, as an Avro record. Returns where the row's fields end; a negative
 * number where the row is for the reference: what was written of it is to be forgotten.
 */
export type RowWriter = (bytes: Buffer, view: DataView, start: number) => number;

/** `generated`: one function in which each field has a place of its own, so that the compiler makes one of it and the fields' writers. */
export type CodecMode = 'generated' | 'closures';

export const FOR_REFERENCE = -1;

/** Branches of the union with null, as Avro writes their numbers. */
const NULL_BRANCH = 0;
const VALUE_BRANCH = 2;

/** The writer of rows of these fields, in order. Both modes write the same bytes; where Node.js may not make code of texts, there is only one. */
export function compileRowWriter(
  steps: readonly FieldStep[],
  buffer: AvroBuffer,
  mode: CodecMode,
): RowWriter {
  if (mode === 'closures') return loop(steps, buffer);
  try {
    return generate(steps, buffer);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps, buffer);
    throw error;
  }
}

function loop(steps: readonly FieldStep[], buffer: AvroBuffer): RowWriter {
  return (bytes, view, start) => {
    let at = start;
    for (const { write, union, whenNull } of steps) {
      const length = view.getInt32(at);
      at += 4;
      if (length === PG_NULL) {
        if (whenNull === 'null') buffer.writeByte(NULL_BRANCH);
        else if (whenNull === 'reference' || !whenNull()) return FOR_REFERENCE;
        continue;
      }
      if (union) buffer.writeByte(VALUE_BRANCH);
      if (!write(bytes, view, at, length)) return FOR_REFERENCE;
      at += length;
    }
    return at;
  };
}

/** Only numbers of this module and numbers of fields get into the text of the function: names and values cannot. */
function generate(steps: readonly FieldStep[], buffer: AvroBuffer): RowWriter {
  const fields = steps.map(({ union, whenNull }, index) =>
    [
      'length = view.getInt32(at); at += 4;',
      `if (length === ${PG_NULL}) {`,
      nullText(whenNull, index),
      '} else {',
      union ? `buffer.writeByte(${VALUE_BRANCH});` : '',
      `if (!write${index}(bytes, view, at, length)) return ${FOR_REFERENCE};`,
      'at += length;',
      '}',
    ].join('\n'),
  );
  const body = [
    '"use strict";',
    `const [${steps.map((_, index) => `write${index}`).join(', ')}] = writers;`,
    `const [${steps.map((_, index) => `null${index}`).join(', ')}] = nulls;`,
    'return (bytes, view, start) => {',
    'let at = start, length = 0;',
    ...fields,
    'return at;',
    '};',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writers', 'nulls', 'buffer', body) as (
    writers: readonly FieldWriter[],
    nulls: readonly FieldStep['whenNull'][],
    buffer: AvroBuffer,
  ) => RowWriter;
  return make(
    steps.map(({ write }) => write),
    steps.map(({ whenNull }) => whenNull),
    buffer,
  );
}

function nullText(whenNull: FieldStep['whenNull'], index: number): string {
  if (whenNull === 'null') return `buffer.writeByte(${NULL_BRANCH});`;
  if (whenNull === 'reference') return `return ${FOR_REFERENCE};`;
  return `if (!null${index}()) return ${FOR_REFERENCE};`;
}

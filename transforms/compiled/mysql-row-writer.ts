import {
  MYSQL_EIGHT_BYTES,
  MYSQL_HEADER_BYTES,
  MYSQL_NULL,
  MYSQL_THREE_BYTES,
  MYSQL_TWO_BYTES,
} from '../../core/mysql-rows';
import type { FieldNull } from './field-null';
import type { FieldWriter } from './field-writer';
import { FOR_REFERENCE, type CodecMode, type FieldStep, type RowWriter } from './row-writer';

/** What becomes of a field; `otherwise` is asked about values that `write` has said false to. */
export interface MysqlStep extends FieldStep {
  readonly otherwise: FieldWriter;
}

/** What `otherwise` is where a value that is not written is for the row's reference at once. */
export const NO_OTHER_WRITER: FieldWriter = () => false;

/**
 * The writer of rows of these fields, in order. `start` is where the row's packet begins, of which all is there; what does not end where
 * the packet does is for the reference. Both modes write the same bytes; where Node.js may not make code of texts, there is only one.
 */
export function compileMysqlRowWriter(steps: readonly MysqlStep[], mode: CodecMode): RowWriter {
  if (mode === 'closures') return loop(steps);
  try {
    return generate(steps);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps);
    throw error;
  }
}

function loop(steps: readonly MysqlStep[]): RowWriter {
  return (bytes, view, start) => {
    let at = start + MYSQL_HEADER_BYTES;
    const end = at + (view.getUint32(start, true) & 0xff_ffff);
    for (const { write, otherwise, sink, whenNull } of steps) {
      if (at >= end) return FOR_REFERENCE;
      let length = bytes[at++] ?? 0;
      if (length === MYSQL_NULL) {
        if (whenNull === 'null') sink.putNull();
        else if (whenNull === 'reference' || !whenNull()) return FOR_REFERENCE;
        continue;
      }
      if (length === MYSQL_TWO_BYTES) {
        length = view.getUint16(at, true);
        at += 2;
      } else if (length === MYSQL_THREE_BYTES) {
        length = view.getUint32(at - 1, true) >>> 8;
        at += 3;
      } else if (length >= MYSQL_EIGHT_BYTES) return FOR_REFERENCE;
      if (length > end - at) return FOR_REFERENCE;
      if (!write(bytes, view, at, length) && !otherwise(bytes, view, at, length)) return FOR_REFERENCE;
      at += length;
    }
    return at === end ? at : FOR_REFERENCE;
  };
}

/** Only numbers of this module and numbers of fields get into the text of the function: names and values cannot. */
function generate(steps: readonly MysqlStep[]): RowWriter {
  const fields = steps.map(({ whenNull }, index) =>
    [
      `if (at >= end) return ${FOR_REFERENCE};`,
      'length = bytes[at++];',
      `if (length === ${MYSQL_NULL}) {`,
      nullText(whenNull, index),
      '} else {',
      `if (length > ${MYSQL_NULL}) {`,
      `if (length === ${MYSQL_TWO_BYTES}) { length = view.getUint16(at, true); at += 2; }`,
      `else if (length === ${MYSQL_THREE_BYTES}) { length = view.getUint32(at - 1, true) >>> 8; at += 3; }`,
      `else return ${FOR_REFERENCE};`,
      '}',
      `if (length > end - at || (!write${index}(bytes, view, at, length) && !otherwise${index}(bytes, view, at, length))) return ${FOR_REFERENCE};`,
      'at += length;',
      '}',
    ].join('\n'),
  );
  const body = [
    '"use strict";',
    ...['write', 'otherwise', 'null', 'sink'].map(
      (name) => `const [${steps.map((_, index) => `${name}${index}`).join(', ')}] = ${name}s;`,
    ),
    'return (bytes, view, start) => {',
    `let at = start + ${MYSQL_HEADER_BYTES}, length = 0;`,
    'const end = at + (view.getUint32(start, true) & 0xffffff);',
    ...fields,
    `return at === end ? at : ${FOR_REFERENCE};`,
    '};',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writes', 'otherwises', 'nulls', 'sinks', body) as (
    writes: readonly FieldWriter[],
    otherwises: readonly FieldWriter[],
    nulls: readonly FieldNull[],
    sinks: readonly MysqlStep['sink'][],
  ) => RowWriter;
  return make(
    steps.map(({ write }) => write),
    steps.map(({ otherwise }) => otherwise),
    steps.map(({ whenNull }) => whenNull),
    steps.map(({ sink }) => sink),
  );
}

function nullText(whenNull: FieldNull, index: number): string {
  if (whenNull === 'null') return `sink${index}.putNull();`;
  if (whenNull === 'reference') return `return ${FOR_REFERENCE};`;
  return `if (!null${index}()) return ${FOR_REFERENCE};`;
}

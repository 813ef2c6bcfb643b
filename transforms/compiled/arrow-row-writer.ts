import type { ArrowColumn } from '../../core/arrow-rows';
import { ArrowNulls, validity } from './arrow-nulls';
import type { ArrowWriter } from './arrow-writer';
import type { FieldNull } from './field-null';
import type { CodecMode } from './row-writer';
import type { ValueSink } from './value-sink';

/** What becomes of a column. */
export interface ArrowStep {
  /** Which column of the source it is. */
  readonly field: number;
  /** Undefined: there are only nulls. */
  readonly writer: ArrowWriter<ArrowColumn> | undefined;
  readonly sink: ValueSink;
  readonly whenNull: FieldNull;
}

export interface ArrowRowWriter {
  /** Rows are of these columns of the source from now on. */
  bind(columns: readonly (ArrowColumn | undefined)[]): void;
  /** Writes the row `index` of them. False: it is for the reference: what was written of it is to be forgotten. */
  readonly write: (index: number) => boolean;
}

/** The writer of rows of these columns, in order. Both modes write the same bytes; where Node.js may not make code of texts, there is only one. */
export function compileArrowRowWriter(steps: readonly ArrowStep[], mode: CodecMode): ArrowRowWriter {
  if (mode === 'closures') return loop(steps);
  try {
    return generate(steps);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps);
    throw error;
  }
}

function bindWriters(steps: readonly ArrowStep[], columns: readonly (ArrowColumn | undefined)[]): void {
  for (const { field, writer } of steps) {
    const column = columns[field];
    if (writer !== undefined && column !== undefined) writer.bind(column);
  }
}

function loop(steps: readonly ArrowStep[]): ArrowRowWriter {
  const decided = steps.map((step) => ({ ...step, nulls: new ArrowNulls() }));
  return {
    bind: (columns) => {
      bindWriters(steps, columns);
      for (const { field, nulls } of decided) {
        const data = columns[field]?.data;
        if (data !== undefined) nulls.bind(data);
      }
    },
    write: (index) => {
      for (const { writer, nulls, sink, whenNull } of decided) {
        if (writer === undefined || nulls.isNull(index)) {
          if (whenNull === 'null') sink.putNull();
          else if (whenNull === 'reference' || !whenNull()) return false;
          continue;
        }
        if (!writer.write(index)) return false;
      }
      return true;
    },
  };
}

/** Bits that say which values are not null, for each column, and where they begin. */
type Bind = (bits: readonly (Uint8Array | undefined)[], offsets: readonly number[]) => void;

interface Generated {
  readonly bind: Bind;
  readonly write: (index: number) => boolean;
}

/** Only numbers of columns get into the text of the function: names and values cannot. */
function generate(steps: readonly ArrowStep[]): ArrowRowWriter {
  const names = (prefix: string): string => steps.map((_, index) => `${prefix}${index}`).join(', ');
  const body = [
    '"use strict";',
    `const [${names('write')}] = writers;`,
    `const [${names('null')}] = nulls;`,
    `const [${names('sink')}] = sinks;`,
    `let ${[names('bits'), names('offset')].filter((text) => text !== '').join(', ') || 'nothing'};`,
    'const bind = (bits, offsets) => {',
    ...steps.map((_, index) => `bits${index} = bits[${index}]; offset${index} = offsets[${index}];`),
    '};',
    'const write = (index) => {',
    'let bit = 0;',
    ...steps.map(columnText),
    'return true;',
    '};',
    'return { bind, write };',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writers', 'nulls', 'sinks', body) as (
    writers: readonly (((index: number) => boolean) | undefined)[],
    nulls: readonly FieldNull[],
    sinks: readonly ValueSink[],
  ) => Generated;
  const made = make(
    steps.map(({ writer }) => writer?.write),
    steps.map(({ whenNull }) => whenNull),
    steps.map(({ sink }) => sink),
  );
  return {
    bind: (columns) => {
      bindWriters(steps, columns);
      const data = steps.map(({ field }) => columns[field]?.data);
      made.bind(
        data.map((one) => (one === undefined ? undefined : validity(one))),
        data.map((one) => one?.offset ?? 0),
      );
    },
    write: made.write,
  };
}

function columnText({ writer, whenNull }: ArrowStep, index: number): string {
  const isNull = nullText(whenNull, index);
  if (writer === undefined) return isNull;
  return [
    `bit = index + offset${index};`,
    `if (bits${index} !== undefined && ((bits${index}[bit >> 3] >> (bit & 7)) & 1) === 0) {`,
    isNull,
    `} else if (!write${index}(index)) return false;`,
  ].join('\n');
}

function nullText(whenNull: FieldNull, index: number): string {
  if (whenNull === 'null') return `sink${index}.putNull();`;
  if (whenNull === 'reference') return 'return false;';
  return `if (!null${index}()) return false;`;
}

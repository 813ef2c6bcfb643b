import type { PlannedColumn } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import type { FieldNull } from './field-null';
import type { JsonWriter } from './json-writer';
import type { CodecInput } from './row-codec';
import type { CodecMode } from './row-writer';
import type { ValueSink } from './value-sink';

/** What becomes of a column. */
export interface JsonColumn {
  readonly write: JsonWriter;
  readonly sink: Pick<ValueSink, 'putNull'>;
  readonly whenNull: FieldNull;
}

interface JsonStep extends JsonColumn {
  /** Its place among the columns of the source. */
  readonly source: number;
}

/** In place of where a value starts: the record has none. */
export const NO_VALUE = -1;

/** Writes the values of a record to their sinks; `starts`, `ends` and `marks` by column of the source. False: it is for the reference. */
export type JsonRowWriter = (
  bytes: Buffer,
  view: DataView,
  starts: Int32Array,
  ends: Int32Array,
  marks: Int32Array,
) => boolean;

/**
 * The writer of records of the plan's columns, in order; `compileColumn` gives each of them. Both modes write the same bytes; where Node.js may
 * not make code of texts, there is only one. Undefined: a column is not one of the source, or not one of the destination.
 */
export function compileJsonRow(
  { columns, source, destination }: Pick<CodecInput, 'columns' | 'source' | 'destination'>,
  mode: CodecMode,
  compileColumn: (index: number, planned: PlannedColumn) => JsonColumn | undefined,
): JsonRowWriter | undefined {
  const places = placesOf(columns, source);
  const steps: JsonStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const place = places[index] ?? NO_VALUE;
    const column = compileColumn(index, planned);
    if (place === NO_VALUE || column === undefined) return undefined;
    if (destination.columns[index]?.name !== planned.destination) return undefined;
    steps.push({ ...column, source: place });
  }
  if (mode === 'closures') return loop(steps);
  try {
    return generate(steps);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps);
    throw error;
  }
}

/** Places of the plan's columns among those of the source; `NO_VALUE` for one that is not there. */
export function placesOf(columns: readonly PlannedColumn[], source: TableSchema): readonly number[] {
  const places = new Map(source.columns.map(({ name }, index) => [name, index]));
  return columns.map((planned) => places.get(planned.source) ?? NO_VALUE);
}

function loop(steps: readonly JsonStep[]): JsonRowWriter {
  return (bytes, view, starts, ends, marks) => {
    for (const { source, write, sink, whenNull } of steps) {
      const start = starts[source] ?? NO_VALUE;
      if (start === NO_VALUE) {
        if (whenNull === 'null') sink.putNull();
        else if (whenNull === 'reference' || !whenNull()) return false;
      } else if (!write(bytes, view, start, ends[source] ?? 0, marks[source] ?? 0)) return false;
    }
    return true;
  };
}

/** Only numbers of this module and numbers of columns get into the text of the function: names and values cannot. */
function generate(steps: readonly JsonStep[]): JsonRowWriter {
  const columns = steps.map(({ source, whenNull }, index) =>
    [
      `start = starts[${source}];`,
      `if (start === ${NO_VALUE}) {`,
      nullText(whenNull, index),
      `} else if (!write${index}(bytes, view, start, ends[${source}], marks[${source}])) return false;`,
    ].join('\n'),
  );
  const body = [
    '"use strict";',
    `const [${steps.map((_, index) => `write${index}`).join(', ')}] = writers;`,
    `const [${steps.map((_, index) => `null${index}`).join(', ')}] = nulls;`,
    `const [${steps.map((_, index) => `sink${index}`).join(', ')}] = sinks;`,
    'return (bytes, view, starts, ends, marks) => {',
    'let start = 0;',
    ...columns,
    'return true;',
    '};',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writers', 'nulls', 'sinks', body) as (
    writers: readonly JsonWriter[],
    nulls: readonly FieldNull[],
    sinks: readonly Pick<ValueSink, 'putNull'>[],
  ) => JsonRowWriter;
  return make(
    steps.map(({ write }) => write),
    steps.map(({ whenNull }) => whenNull),
    steps.map(({ sink }) => sink),
  );
}

function nullText(whenNull: FieldNull, index: number): string {
  if (whenNull === 'null') return `sink${index}.putNull();`;
  if (whenNull === 'reference') return 'return false;';
  return `if (!null${index}()) return false;`;
}

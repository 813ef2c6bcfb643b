import {
  CSV_ABSENT,
  CSV_DOUBLED_QUOTES,
  CSV_ESCAPES,
  CSV_FIELD_SHIFT,
  type CsvLayout,
} from '../../core/csv-rows';
import type { PlannedColumn } from '../../core/plan';
import { policiesOf } from '../schema-aware-converter';
import { compileCsvNulls, type IsNull } from './csv-nulls';
import { compileFieldNull, type FieldNull } from './field-null';
import type { FieldWriter } from './field-writer';
import { QuotedText } from './quoted-text';
import { compileReferenceWriter } from './reference-writer';
import type { CodecInput } from './row-codec';
import { takesEveryText } from './text-string';
import { compileTextWriter } from './text-writer';
import type { ValueSink } from './value-sink';

/** Writes the fields of the record whose places begin at `base` of `fields`. False: it is for the reference, and what was written of it is to be forgotten. */
export type CsvRowWriter = (bytes: Buffer, view: DataView, fields: Int32Array, base: number) => boolean;

/** What becomes of a field. */
interface CsvStep {
  /** Where in a record it is, among its numbers; -1: the file has none. */
  readonly at: number;
  readonly write: FieldWriter;
  /** Whether texts with doubled quotes go to the sink as they stand there: `write` would look at none. */
  readonly takesQuoted: boolean;
  readonly sink: ValueSink;
  readonly whenNull: FieldNull;
}

/** Fields whose texts are not as they stand there. */
const IS_CHANGED = CSV_DOUBLED_QUOTES | CSV_ESCAPES;

/** The writer of a file's rows; `places` as in `CsvRows`. Undefined: there is none for this plan, which contradicts itself. */
export function compileCsvRow(
  places: Int32Array,
  layout: CsvLayout,
  input: CodecInput,
): CsvRowWriter | undefined {
  const { columns, source, destination, sinks, mode } = input;
  const indexes = new Map(source.columns.map(({ name }, index) => [name, index]));
  const steps: CsvStep[] = [];
  for (const [column, planned] of columns.entries()) {
    const index = indexes.get(planned.source);
    const sink = sinks[column];
    if (index === undefined || sink === undefined) return undefined;
    if (destination.columns[column]?.name !== planned.destination) return undefined;
    const place = places[index] ?? -1;
    steps.push({
      at: place < 0 ? -1 : 2 * place,
      write: compileField(column, input),
      takesQuoted: takesQuoted(planned, input),
      sink,
      whenNull: compileFieldNull(column, input),
    });
  }
  const isNull = compileCsvNulls(layout);
  const quoted = new QuotedText(layout.quote);
  const { quote } = layout;
  if (mode === 'closures') return loop(steps, isNull, quoted, quote);
  try {
    return generate(steps, isNull, quoted, quote);
  } catch (error) {
    // --disallow-code-generation-from-strings
    if (error instanceof EvalError) return loop(steps, isNull, quoted, quote);
    throw error;
  }
}

function compileField(column: number, { columns, policies, rules, sinks }: CodecInput): FieldWriter {
  const planned = columns[column];
  const sink = sinks[column];
  if (planned === undefined || sink === undefined) return () => false;
  const { source: name, sourceType: source, destinationType: destination } = planned;
  const known = compileTextWriter(source, destination, rules, sink);
  if (known !== undefined) return known;
  const decode = (bytes: Buffer, _view: DataView, start: number, length: number): string =>
    bytes.toString('utf8', start, start + length);
  const types = { source, destination, rules, sink, policies: policiesOf(policies, name) };
  return compileReferenceWriter({ form: 'other', decode }, types);
}

function takesQuoted(
  { sourceType: source, destinationType: destination }: PlannedColumn,
  { rules }: CodecInput,
): boolean {
  if (source.kind !== 'string' || destination.kind !== 'string') return false;
  return takesEveryText(destination, rules, source.maxLength);
}

function loop(
  steps: readonly CsvStep[],
  isNull: IsNull | undefined,
  quoted: QuotedText,
  quote: number,
): CsvRowWriter {
  return (bytes, view, fields, base) => {
    for (const { at, write, takesQuoted, sink, whenNull } of steps) {
      const start = at < 0 ? 0 : (fields[base + at] ?? 0);
      const packed = at < 0 ? CSV_ABSENT : (fields[base + at + 1] ?? 0);
      if (packed === CSV_ABSENT || (isNull === undefined ? packed === 0 : isNull(bytes, start, packed))) {
        if (whenNull === 'null') sink.putNull();
        else if (whenNull === 'reference' || !whenNull()) return false;
      } else if ((packed & IS_CHANGED) === 0) {
        if (!write(bytes, view, start, packed >> CSV_FIELD_SHIFT)) return false;
      } else if (takesQuoted && (packed & CSV_ESCAPES) === 0) {
        sink.putQuoted(bytes, view, start, packed >> CSV_FIELD_SHIFT, quote);
      } else if (
        !quoted.open(bytes, view, start, packed) ||
        !write(quoted.bytes, quoted.view, 0, quoted.length)
      ) {
        return false;
      }
    }
    return true;
  };
}

/** Only numbers of this module and numbers of fields get into the text of the function: names and values cannot. */
function generate(
  steps: readonly CsvStep[],
  isNull: IsNull | undefined,
  quoted: QuotedText,
  quote: number,
): CsvRowWriter {
  const nullTest =
    isNull === undefined
      ? `(packed & ${~CSV_ABSENT}) === 0`
      : `packed === ${CSV_ABSENT} || isNull(bytes, start, packed)`;
  const fields = steps.map(({ at, takesQuoted, whenNull }, index) => {
    if (at < 0) return nullText(whenNull, index);
    return [
      `start = fields[base + ${at}]; packed = fields[base + ${at + 1}];`,
      `if (${nullTest}) {`,
      nullText(whenNull, index),
      `} else if ((packed & ${IS_CHANGED}) === 0) {`,
      `if (!write${index}(bytes, view, start, packed >> ${CSV_FIELD_SHIFT})) return false;`,
      ...(takesQuoted
        ? [
            `} else if ((packed & ${CSV_ESCAPES}) === 0) {`,
            `sink${index}.putQuoted(bytes, view, start, packed >> ${CSV_FIELD_SHIFT}, quote);`,
          ]
        : []),
      `} else if (!quoted.open(bytes, view, start, packed) || !write${index}(quoted.bytes, quoted.view, 0, quoted.length)) return false;`,
    ].join('\n');
  });
  const body = [
    '"use strict";',
    `const [${steps.map((_, index) => `write${index}`).join(', ')}] = writers;`,
    `const [${steps.map((_, index) => `null${index}`).join(', ')}] = nulls;`,
    `const [${steps.map((_, index) => `sink${index}`).join(', ')}] = sinks;`,
    'return (bytes, view, fields, base) => {',
    'let start = 0, packed = 0;',
    ...fields,
    'return true;',
    '};',
  ].join('\n');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is made of numbers alone
  const make = new Function('writers', 'nulls', 'sinks', 'isNull', 'quoted', 'quote', body) as (
    writers: readonly FieldWriter[],
    nulls: readonly FieldNull[],
    sinks: readonly ValueSink[],
    isNull: IsNull | undefined,
    quoted: QuotedText,
    quote: number,
  ) => CsvRowWriter;
  return make(
    steps.map(({ write }) => write),
    steps.map(({ whenNull }) => whenNull),
    steps.map(({ sink }) => sink),
    isNull,
    quoted,
    quote,
  );
}

function nullText(whenNull: FieldNull, index: number): string {
  if (whenNull === 'null') return `sink${index}.putNull();`;
  if (whenNull === 'reference') return 'return false;';
  return `if (!null${index}()) return false;`;
}

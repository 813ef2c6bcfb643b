import { isUtf8 } from 'node:buffer';
import { rawBytes, type ArrowData } from '../../core/arrow-buffers';
import type { ArrowLayout } from '../../core/arrow-layout';
import type { ArrowRows } from '../../core/arrow-rows';
import type { LossRule } from '../../core/loss-ledger';
import { arrowColumn, type ArrowValue } from './arrow-columns';
import { ArrowInput } from './arrow-input';
import { arrowMachine, type ArrowMachine } from './arrow-machine';
import { NULL_COUNTED, nullStep } from './many-rows-null';
import type { CodecInput } from './row-codec';
import type { AvroRowsSink } from './value-sink';

/** There is room for so many columns, with those of lists' elements. */
const MAX_COLUMNS = 800;
/** Rows that are written together, at most: they are fewer where they are long. */
const MAX_ROWS = 4096;
/** Numbers of WebAssembly are of 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** A column of the destination. */
export interface ArrowManyStep {
  /** Which column of the source it is. */
  readonly field: number;
  readonly value: ArrowValue;
  readonly union: boolean;
  readonly whenNull: number;
  readonly losses: readonly LossRule[];
}

/** Rows that `ArrowCodec` hands over, many at once; what is left out, `ArrowCodec` writes one by one. */
export class ArrowManyRows {
  private columns: ArrowRows['columns'] = [];
  /** Of `columns`, which rows are in the machine's memory. */
  private from = 0;
  private to = 0;
  /** Whether the bytes of all texts are characters; undefined: nobody has asked. */
  private isValid: boolean | undefined;
  private readonly input: ArrowInput;

  private constructor(
    private readonly machine: ArrowMachine,
    private readonly steps: readonly ArrowManyStep[],
    private readonly sink: AvroRowsSink,
    private readonly lose: CodecInput['lose'],
  ) {
    this.input = new ArrowInput(machine, steps);
  }

  /** Undefined: there is no WebAssembly, or none for these columns. */
  static of(layouts: readonly (ArrowLayout | undefined)[], input: CodecInput): ArrowManyRows | undefined {
    const sink = input.many?.avroRows;
    if (sink === undefined || input.mode !== 'wasm') return undefined;
    const steps = stepsOf(layouts, input, sink);
    const machine = steps === undefined ? undefined : arrowMachine();
    if (steps === undefined || machine === undefined) return undefined;
    return new ArrowManyRows(machine, steps, sink, input.lose);
  }

  /** Rows are of these columns of the source from now on. */
  begin(columns: ArrowRows['columns']): void {
    this.columns = columns;
    this.from = this.to = 0;
    this.isValid = undefined;
  }

  /** Writes rows from the one at `at` on, at most so many, until the block is full or one is left out. Returns how many. */
  write(at: number, rows: number): number {
    const { machine, sink, steps } = this;
    if (machine.owner !== this) {
      machine.owner = this;
      this.from = this.to = 0;
      this.input.describe();
    }
    const end = at + rows;
    const maxRowBytes = Math.min(sink.maxRowBytes, MOST_BYTES);
    let next = at;
    while (next < end && sink.left > 0) {
      if (!this.holds(next, end)) break;
      const until = Math.min(end, this.to);
      machine.exports.encode(steps.length, next, until, sink.left, maxRowBytes);
      const [done = 0, outputEnd = 0] = machine.told;
      if (done > 0) sink.addRows(machine.bytes, machine.exports.output, outputEnd, done);
      next += done;
      if (next < until) break;
    }
    this.countLosses();
    return next - at;
  }

  /** Sees to it that rows from `next` on are in the machine's memory. False: not even one can be. */
  private holds(next: number, end: number): boolean {
    if (next >= this.from && next < this.to) return true;
    this.isValid ??= this.steps.every(({ field, value }) => isValid(value, this.columns[field]?.data));
    if (!this.isValid) return false;
    const { columns, input } = this;
    let rows = Math.min(end - next, MAX_ROWS);
    while (!input.hasRoom(columns, next, next + rows)) {
      if (rows === 1) return false;
      rows >>= 1;
    }
    if (!input.place(columns, next, next + rows)) return false;
    this.from = next;
    this.to = next + rows;
    return true;
  }

  private countLosses(): void {
    for (const [index, { whenNull, losses }] of this.steps.entries()) {
      if (whenNull !== NULL_COUNTED) continue;
      const count = this.input.takeCount(index);
      if (count > 0) for (const rule of losses) this.lose(index, rule, count);
    }
  }
}

/** What is to be done with each column. Undefined: WebAssembly cannot. */
function stepsOf(
  layouts: readonly (ArrowLayout | undefined)[],
  input: CodecInput,
  { unions }: AvroRowsSink,
): readonly ArrowManyStep[] | undefined {
  const { columns, source, rules } = input;
  const steps: ArrowManyStep[] = [];
  let places = 0;
  for (const [index, planned] of columns.entries()) {
    const field = source.columns.findIndex(({ name }) => name === planned.source);
    const layout = layouts[field];
    const value =
      layout === undefined
        ? undefined
        : arrowColumn(layout, { source: planned.sourceType, destination: planned.destinationType, rules });
    if (value === undefined) return undefined;
    places += value.element === undefined ? 1 : 2;
    steps.push({ field, value, union: unions[index] === true, ...nullStep(index, input) });
  }
  return steps.length > 0 && places <= MAX_COLUMNS ? steps : undefined;
}

/** Whether bytes are characters where they have to be. A character that is cut in two by a place is seen when it is written. */
function isValid({ kind, element }: ArrowValue, data: ArrowData | undefined): boolean {
  if (data === undefined) return false;
  const [child] = data.children;
  if (element !== undefined) return isValid(element, child);
  if (kind !== 'text' && kind !== 'document' && kind !== 'anyDocument') return true;
  const { valueOffsets } = data;
  if (!(valueOffsets instanceof Int32Array)) return false;
  return isUtf8(rawBytes(data).subarray(valueOffsets[0] ?? 0, valueOffsets[data.length] ?? 0));
}

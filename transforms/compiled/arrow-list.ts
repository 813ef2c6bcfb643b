import { arrowChild, type ArrowData } from '../../core/arrow-buffers';
import type { ArrowLayout } from '../../core/arrow-layout';
import { ArrowNulls } from './arrow-nulls';
import type { ArrowWriter } from './arrow-writer';
import type { WriterInput } from './pg-writers';

type Compile = (layout: ArrowLayout, input: WriterInput) => ArrowWriter | undefined;

/** Lists of anything that `compile` has a writer for; with nulls only where the destination's arrays may hold them. */
export function compileArrowList(
  { offsets, size, element }: Extract<ArrowLayout, { kind: 'list' }>,
  { source, destination, rules, sink }: WriterInput,
  compile: Compile,
): ArrowWriter | undefined {
  if (source.kind !== 'array' || destination.kind !== 'array' || sink.element === undefined) return undefined;
  if (offsets === 64) return undefined;
  const { element: values } = sink;
  const inner = compile(element, {
    rules,
    sink: values,
    source: source.element,
    destination: destination.element,
  });
  if (inner === undefined) return undefined;
  const nulls = new ArrowNulls();
  let places: ArrayLike<number | bigint> = [];
  const writeBetween = (start: number, end: number): boolean => {
    sink.beginArray(end - start);
    for (let index = start; index < end; index++) {
      if (nulls.isNull(index)) {
        if (!rules.nullInArray) return false;
        values.putNull();
      } else if (!inner.write(index)) return false;
    }
    sink.endArray();
    return true;
  };
  return {
    bind: (data) => {
      const child = arrowChild(data, 0);
      nulls.bind(child);
      inner.bind(child);
      places = data.valueOffsets ?? [];
    },
    write:
      offsets === 'fixed'
        ? (index) => writeBetween(index * size, (index + 1) * size)
        : (index) => writeBetween(Number(places[index] ?? 0), Number(places[index + 1] ?? 0)),
  };
}

/** Values of a dictionary in one piece, by their indexes. */
export function compileArrowDictionary(
  values: ArrowLayout,
  input: WriterInput,
  compile: Compile,
): ArrowWriter | undefined {
  const inner = compile(values, input);
  if (inner === undefined) return undefined;
  const nulls = new ArrowNulls();
  let keys: ArrayLike<number | bigint> = [];
  let length = 0;
  return {
    bind: (data) => {
      const piece = onlyPiece(data);
      length = piece?.length ?? 0;
      if (piece === undefined) return;
      keys = data.values as unknown as ArrayLike<number | bigint>;
      nulls.bind(piece);
      inner.bind(piece);
    },
    write: (index) => {
      const key = Number(keys[index] ?? -1);
      return key >= 0 && key < length && !nulls.isNull(key) && inner.write(key);
    },
  };
}

function onlyPiece({ dictionary, values }: ArrowData): ArrowData | undefined {
  const pieces = dictionary?.data ?? [];
  return pieces.length === 1 && values !== undefined && values !== null ? pieces[0] : undefined;
}

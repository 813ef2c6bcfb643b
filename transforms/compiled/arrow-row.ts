import type { ArrowLayout } from '../../core/arrow-layout';
import type { ArrowColumn } from '../../core/arrow-rows';
import { policiesOf } from '../schema-aware-converter';
import { compileArrowReference } from './arrow-reference';
import { compileArrowRowWriter, type ArrowRowWriter, type ArrowStep } from './arrow-row-writer';
import type { ArrowWriter } from './arrow-writer';
import { compileArrowWriter } from './arrow-writers';
import { compileFieldNull } from './field-null';
import type { CodecInput } from './row-codec';

/** The writer of rows whose source columns lie as `layouts` say. Undefined: there is none for this plan, which contradicts itself. */
export function compileArrowRow(
  layouts: readonly (ArrowLayout | undefined)[],
  input: CodecInput,
): ArrowRowWriter | undefined {
  const { columns, source, destination, sinks, mode } = input;
  const steps: ArrowStep[] = [];
  for (const [index, planned] of columns.entries()) {
    const sink = sinks[index];
    const field = source.columns.findIndex(({ name }) => name === planned.source);
    if (sink === undefined || field === -1) return undefined;
    if (destination.columns[index]?.name !== planned.destination) return undefined;
    const layout = layouts[field];
    steps.push({
      field,
      sink,
      whenNull: compileFieldNull(index, input),
      writer:
        layout === undefined || layout.kind === 'null' ? undefined : compileColumn(layout, index, input),
    });
  }
  return compileArrowRowWriter(steps, mode);
}

function compileColumn(
  layout: ArrowLayout,
  index: number,
  { columns, policies, rules, sinks }: CodecInput,
): ArrowWriter<ArrowColumn> | undefined {
  const planned = columns[index];
  const sink = sinks[index];
  if (planned === undefined || sink === undefined) return undefined;
  const { source: name, sourceType: source, destinationType: destination } = planned;
  const types = { source, destination, rules, sink };
  const writer = compileArrowWriter(layout, types);
  if (writer === undefined) return compileArrowReference({ ...types, policies: policiesOf(policies, name) });
  const { bind, write } = writer;
  return {
    bind: (column) => {
      bind(column.data);
    },
    write,
  };
}

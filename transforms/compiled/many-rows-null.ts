import type { LossRule } from '../../core/loss-ledger';
import { compileNull } from '../cells/null-array';
import { policiesOf } from '../schema-aware-converter';
import { compileFieldNull } from './field-null';
import type { CodecInput } from './row-codec';

/** What becomes of null where WebAssembly writes rows: see wasm/pg-values.wat and wasm/arrow-avro.wat. */
const NULL_LEFT_OUT = 0;
export const NULL_WRITTEN = 1;
export const NULL_COUNTED = 2;

export interface NullStep {
  readonly whenNull: number;
  /** What is counted for each null. */
  readonly losses: readonly LossRule[];
}

/** What `compileFieldNull` does with null in the column `index`. */
export function nullStep(index: number, input: CodecInput): NullStep {
  const whenNull = compileFieldNull(index, input);
  if (whenNull === 'null') return { whenNull: NULL_WRITTEN, losses: [] };
  const planned = input.columns[index];
  if (whenNull === 'reference' || planned === undefined) return { whenNull: NULL_LEFT_OUT, losses: [] };
  const losses: LossRule[] = [];
  const makeCell = compileNull(planned.destinationType, {
    rules: input.rules,
    policies: policiesOf(input.policies, planned.source),
    lose: (rule) => losses.push(rule),
  });
  try {
    const cell = makeCell();
    if (Array.isArray(cell) && cell.length === 0) return { whenNull: NULL_COUNTED, losses };
  } catch {
    // It is refused, which the reference says.
  }
  return { whenNull: NULL_LEFT_OUT, losses: [] };
}

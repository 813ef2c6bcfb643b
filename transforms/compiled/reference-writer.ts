import type { DestinationRules } from '../../core/destination-rules';
import type { PgField } from '../../core/pg-binary';
import type { PolicySet } from '../../core/policies';
import type { ColumnType } from '../../core/schema';
import { compileCell } from '../cells';
import type { FieldWriter } from './field-writer';
import type { ValueSink } from './value-sink';

export interface ReferenceInput {
  readonly source: ColumnType;
  readonly destination: ColumnType;
  readonly rules: DestinationRules;
  readonly policies: PolicySet;
  readonly sink: ValueSink;
}

/**
 * The writer of a column that no codec knows: the reference's cells, one column at a time. A value that is refused, unreadable or loses something is for the whole row's
 * reference, which counts and names it.
 */
export function compileReferenceWriter(
  { decode }: PgField,
  { source, destination, rules, policies, sink }: ReferenceInput,
): FieldWriter {
  let losses = 0;
  const lose = (): void => {
    losses++;
  };
  const convert = compileCell(source, destination, { rules, policies, lose });
  return (bytes, view, start, length) => {
    const before = losses;
    let cell;
    try {
      cell = convert(decode(bytes, view, start, length));
    } catch {
      // The row's reference meets it again, and says what it is.
      return false;
    }
    if (cell === null || losses !== before) return false;
    sink.putCell(cell);
    return true;
  };
}

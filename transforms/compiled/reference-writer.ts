import type { Cell } from '../../core/cells';
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
  readonly sink: Pick<ValueSink, 'putCell'>;
}

/**
 * Writes a cell of the source as the reference does. False: it is null, refused or loses something, and for the whole row's reference, which
 * counts and names it.
 */
export function compileReferenceCell({
  source,
  destination,
  rules,
  policies,
  sink,
}: ReferenceInput): (cell: Cell) => boolean {
  let losses = 0;
  const lose = (): void => {
    losses++;
  };
  const convert = compileCell(source, destination, { rules, policies, lose });
  return (cell) => {
    const before = losses;
    let converted;
    try {
      converted = convert(cell);
    } catch {
      // The row's reference meets it again, and says what it is.
      return false;
    }
    if (converted === null || losses !== before) return false;
    sink.putCell(converted);
    return true;
  };
}

/** The writer of a column that no codec knows: the reference's cells, one column at a time. A value that is unreadable is for the whole row's reference, too. */
export function compileReferenceWriter({ decode }: PgField, input: ReferenceInput): FieldWriter {
  const put = compileReferenceCell(input);
  return (bytes, view, start, length) => {
    let cell;
    try {
      cell = decode(bytes, view, start, length);
    } catch {
      return false;
    }
    return put(cell);
  };
}

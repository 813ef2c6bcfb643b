import type { Cell, Row } from '../core/cells';
import type { DestinationRules } from '../core/destination-rules';
import { BeamliftError, showValue } from '../core/errors';
import type { LossLedger, LossRule } from '../core/loss-ledger';
import type { PlannedColumn } from '../core/plan';
import type { JobPolicies, PolicySet } from '../core/policies';
import type { Reject } from '../core/reject';
import type { ColumnType, TableSchema } from '../core/schema';
import { CellRejected, compileCell } from './cells';
import { compileTextSerializer } from './serializer';

export interface ConverterInput {
  readonly columns: readonly PlannedColumn[];
  /** Columns of the incoming rows, in their order. */
  readonly source: TableSchema;
  /** Columns of the outgoing rows: one for each of `columns`, in order. */
  readonly destination: TableSchema;
  readonly policies: JobPolicies;
  readonly rules: DestinationRules;
  /** Destination names of columns in which a null is a reject. */
  readonly keyColumns: readonly string[];
  readonly ledger: LossLedger;
}

/** Why a row cannot be loaded. `fatal`: a policy says that the run ends here. */
export type ConversionReject = Omit<Reject, 'row'> & { readonly fatal: boolean };

export interface RowConverter {
  /** The row as the destination takes it; undefined: it is a reject, see `lastReject`. Losses are counted for converted rows only. */
  convert(row: Row): Row | undefined;
  /** Of the last `convert` that returned undefined. */
  lastReject(): ConversionReject;
  /** The last converted row is a reject after all: its losses are no longer counted. */
  takeBackLosses(): void;
}

/** One outgoing column, decided. */
interface Step {
  readonly index: number;
  readonly column: number;
  readonly convert: (cell: Cell) => Cell;
  /** Why a null is a reject; undefined: it is none. */
  readonly required: string | undefined;
}

/** Compiles the conversion of whole rows. Throws TYPE_UNSUPPORTED where a plan would have (see `planColumns`), and INTERNAL for a plan that contradicts itself. */
export function compileConverter(input: ConverterInput): RowConverter {
  return new CompiledConverter(input);
}

class CompiledConverter implements RowConverter {
  private readonly steps: readonly Step[];
  private readonly width: number;
  /** Losses of the row at hand: columns and rules, `pending` of them. */
  private readonly pendingColumns: number[] = [];
  private readonly pendingRules: LossRule[] = [];
  private pending = 0;
  private rejected: { step: Step; cell: Cell; reason: string; fatal: boolean } | undefined;

  constructor(private readonly input: ConverterInput) {
    this.width = input.source.columns.length;
    const indexes = new Map(input.source.columns.map(({ name }, index) => [name, index]));
    this.steps = input.columns.map((planned, column) => this.compileStep(planned, column, indexes));
  }

  private compileStep(planned: PlannedColumn, column: number, indexes: ReadonlyMap<string, number>): Step {
    const { policies, rules, destination, keyColumns } = this.input;
    const index = indexes.get(planned.source);
    const target = destination.columns[column];
    if (index === undefined || target?.name !== planned.destination) {
      throw new BeamliftError('INTERNAL', {
        what: `The plan's column ${planned.source} -> ${planned.destination} is not in its schemas`,
      });
    }
    const isKey = keyColumns.includes(planned.destination);
    const notNull = target.nullable ? undefined : `column ${planned.destination} is NOT NULL`;
    return {
      index,
      column,
      convert: compileCell(planned.sourceType, planned.destinationType, {
        rules,
        policies: policiesOf(policies, planned.source),
        lose: (rule) => {
          this.pendingColumns[this.pending] = column;
          this.pendingRules[this.pending] = rule;
          this.pending++;
        },
      }),
      required: isKey ? `column ${planned.destination} is a key` : notNull,
    };
  }

  convert(row: Row): Row | undefined {
    if (row.length !== this.width) {
      throw new BeamliftError('INTERNAL', {
        what: `A source sent a row of ${row.length} cells where its schema has ${this.width} columns`,
      });
    }
    this.pending = 0;
    const cells: Cell[] = [];
    for (const step of this.steps) {
      const cell = row[step.index] ?? null;
      let converted: Cell;
      try {
        converted = step.convert(cell);
      } catch (thrown) {
        if (!(thrown instanceof CellRejected)) throw thrown;
        this.rejected = { step, cell, reason: thrown.reason, fatal: thrown.code === 'fail' };
        return undefined;
      }
      if (converted === null && step.required !== undefined) {
        const what = cell === null ? 'null' : 'null after conversion';
        this.rejected = { step, cell, reason: `${what}, and ${step.required}`, fatal: false };
        return undefined;
      }
      cells.push(converted);
    }
    if (this.pending > 0) this.count(1);
    return cells;
  }

  takeBackLosses(): void {
    this.count(-1);
    this.pending = 0;
  }

  private count(times: 1 | -1): void {
    const { columns, ledger } = this.input;
    for (let at = 0; at < this.pending; at++) {
      const column = columns[this.pendingColumns[at] ?? -1];
      const rule = this.pendingRules[at];
      if (column !== undefined && rule !== undefined) ledger.add(column.destination, rule, times);
    }
  }

  lastReject(): ConversionReject {
    const { rejected } = this;
    const planned = this.input.columns[rejected?.step.column ?? -1];
    if (rejected === undefined || planned === undefined) {
      throw new BeamliftError('INTERNAL', { what: 'No row has been rejected yet' });
    }
    const { cell, reason, fatal } = rejected;
    return {
      column: planned.source,
      ...(cell === null ? {} : { value: showValue(compileTextSerializer(planned.sourceType)(cell)) }),
      reason,
      fatal,
    };
  }
}

/** The policies of a source column: the job's, unless the column has its own. */
export function policiesOf(policies: JobPolicies, column: string): PolicySet {
  const { columns, ...common } = policies;
  const own = Object.hasOwn(columns, column) ? columns[column] : undefined;
  return own === undefined ? common : Object.assign({}, common, withoutUndefined(own));
}

function withoutUndefined<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}

/** Names rows by the columns of the primary key: `id=42`, `a=1, b=x`. Undefined: there is no key among the columns. */
export function nameRowByKey(source: TableSchema): ((row: Row) => string) | undefined {
  if (source.primaryKey.length === 0) return undefined;
  const parts: { name: string; index: number; write: (cell: Exclude<Cell, null>) => string }[] = [];
  for (const name of source.primaryKey) {
    const index = source.columns.findIndex((column) => column.name === name);
    const type: ColumnType | undefined = source.columns[index]?.type;
    if (type === undefined) return undefined;
    parts.push({ name: showValue(name), index, write: compileTextSerializer(type) });
  }
  return (row) =>
    parts
      .map(({ name, index, write }) => {
        const cell = row[index] ?? null;
        return `${name}=${cell === null ? 'null' : showValue(write(cell))}`;
      })
      .join(', ');
}

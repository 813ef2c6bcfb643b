import type { Cell } from '../../core/cells';
import type { DestinationRules } from '../../core/destination-rules';
import { BeamliftError } from '../../core/errors';
import type { LossRule } from '../../core/loss-ledger';
import type { PolicySet } from '../../core/policies';
import type { ColumnType, TypeKind } from '../../core/schema';
import { isCells, isInterval, type Present } from '../cell-shape';
import type { Interval } from '../interval-text';

/** What a column of a destination can be; a variant is of sources alone. */
export type DestinationKind = Exclude<TypeKind, 'variant'>;
export type TypeOf<Kind extends TypeKind> = Extract<ColumnType, { kind: Kind }>;

/** Converts a cell that is not null. Throws CellRejected. */
export type CellFunction = (cell: Present) => Cell;

/** What a conversion needs to know besides the two types. */
export interface ConversionContext {
  readonly rules: DestinationRules;
  /** The policies of this column. */
  readonly policies: PolicySet;
  /** Called for each loss, also of a row that is rejected afterwards. */
  readonly lose: (rule: LossRule) => void;
}

/** For rules of types within types. */
export interface RuleContext extends ConversionContext {
  readonly compile: (source: ColumnType, destination: ColumnType) => CellFunction;
}

export interface Rule<Source extends ColumnType, Destination extends ColumnType> {
  /** A word or two, for the grid of docs/types.md. */
  readonly name: string;
  /** One sentence, for docs/types.md. */
  readonly description: string;
  /** Decides everything, then returns the function for single cells. */
  compile(source: Source, destination: Destination, context: RuleContext): CellFunction;
  /** Why two types of these kinds cannot be converted after all; absent: they always can. */
  problem?(source: Source, destination: Destination, context: ProblemContext): string | undefined;
}

/** For `problem` of types within types: what the rules within say. */
export interface ProblemContext {
  readonly rules: DestinationRules;
  readonly problem: (source: ColumnType, destination: ColumnType) => string | undefined;
}

export interface NoRule {
  /** Why there is no rule, as the end of "no rule: …". */
  readonly none: string;
}

export type RulesFrom<Source extends TypeKind> = {
  readonly [Destination in DestinationKind]: Rule<TypeOf<Source>, TypeOf<Destination>> | NoRule;
};

/** The function of a conversion that changes nothing; callers need not call it. */
export const keepCell = (cell: Cell): Cell => cell;

/**
 * The value cannot be converted. Thrown like an error, but without a stack: a file of bad rows makes millions of them.
 * `fail`: a policy says that the run ends here.
 */
export class CellRejected implements Error {
  readonly name = 'CellRejected';

  private constructor(
    readonly reason: string,
    readonly code: 'reject' | 'fail',
  ) {}

  static of(reason: string, code: 'reject' | 'fail' = 'reject'): Error {
    return new CellRejected(reason, code);
  }

  get message(): string {
    return this.reason;
  }
}

function wrongCell(expected: string, cell: Present): BeamliftError {
  return new BeamliftError('INTERNAL', {
    what: `A source sent ${Array.isArray(cell) ? 'an array' : `a ${typeof cell}`} where its column type says ${expected}`,
  });
}

export function ofBoolean(convert: (value: boolean) => Cell): CellFunction {
  return (cell) => {
    if (typeof cell === 'boolean') return convert(cell);
    throw wrongCell('boolean', cell);
  };
}

export function ofBigint(convert: (value: bigint) => Cell): CellFunction {
  return (cell) => {
    if (typeof cell === 'bigint') return convert(cell);
    throw wrongCell('bigint', cell);
  };
}

export function ofNumber(convert: (value: number) => Cell): CellFunction {
  return (cell) => {
    if (typeof cell === 'number') return convert(cell);
    throw wrongCell('number', cell);
  };
}

export function ofText(convert: (value: string) => Cell): CellFunction {
  return (cell) => {
    if (typeof cell === 'string') return convert(cell);
    throw wrongCell('string', cell);
  };
}

export function ofBytes(convert: (value: Uint8Array) => Cell): CellFunction {
  return (cell) => {
    if (cell instanceof Uint8Array) return convert(cell);
    throw wrongCell('bytes', cell);
  };
}

export function ofCells(convert: (value: readonly Cell[]) => Cell): CellFunction {
  return (cell) => {
    if (isCells(cell)) return convert(cell);
    throw wrongCell('cells', cell);
  };
}

export function ofInterval(convert: (value: Interval) => Cell): CellFunction {
  return (cell) => {
    if (isInterval(cell)) return convert(cell);
    throw wrongCell('interval', cell);
  };
}

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StagingFormat } from '../../../core/encoding';
import { LossLedger, type Losses } from '../../../core/loss-ledger';
import { DEFAULT_POLICIES, type PolicySet } from '../../../core/policies';
import { Refused, judgeCell, type FieldJudge } from './judge';
import type { PlainValue } from './served-value';
import type { SourceKind, Target } from './source-kind';

/** How long each property looks for trouble. */
const PROPERTY_MS = 5_000;

export interface RandomTable {
  /** Whether the destination's table is there. */
  readonly exists: boolean;
  readonly rows: number;
  readonly columns: readonly RandomColumn[];
  readonly policies: PolicySet;
  readonly strict: boolean;
  readonly rowsPerUnit: number;
}

/** A column of a random table: where its values go, and what is promised of them. */
export interface RandomColumn {
  readonly kind: SourceKind;
  readonly target: Target | undefined;
  readonly required: boolean;
  readonly values: readonly (string | null)[];
}

const randomColumn = (
  kinds: readonly SourceKind[],
  rows: number,
  exists: boolean,
): fc.Arbitrary<RandomColumn> =>
  fc
    .constantFrom(
      ...kinds.filter(({ created, existing }) => (exists ? existing.length > 0 : created !== undefined)),
    )
    .chain((kind) =>
      fc.record({
        kind: fc.constant(kind),
        target: exists ? fc.constantFrom(...kind.existing) : fc.constant(undefined),
        required: fc.integer({ max: 9, min: 0 }).map((dice) => dice === 0 && exists),
        values: fc.array(fc.option(kind.values, { freq: 9 }), { minLength: rows, maxLength: rows }),
      }),
    );

const policies = fc.record<PolicySet>({
  nan: fc.constantFrom('set_null', 'text', 'reject'),
  infinity: fc.constantFrom('set_null', 'text', 'reject'),
  out_of_range_date: fc.constantFrom('set_null', 'reject'),
  zero_date: fc.constant(DEFAULT_POLICIES.zero_date),
  null_in_array: fc.constantFrom('drop', 'drop', 'reject'),
  null_array: fc.constantFrom('empty', 'empty', 'reject'),
  nested_array: fc.constant('json_text'),
  inexact: fc.constantFrom('round', 'reject'),
  nul_character: fc.constant('reject'),
});

export const randomTable = (
  kinds: readonly SourceKind[],
  exists: readonly boolean[] = [true, false],
): fc.Arbitrary<RandomTable> =>
  fc.tuple(fc.integer({ min: 0, max: 25 }), fc.constantFrom(...exists)).chain(([rows, exists]) =>
    fc.record({
      exists: fc.constant(exists),
      rows: fc.constant(rows),
      columns: fc.array(randomColumn(kinds, rows, exists), { minLength: 1, maxLength: 14 }),
      policies,
      strict: fc.boolean(),
      rowsPerUnit: fc.constantFrom(7, 50_000),
    }),
  );

/** Texts that the source shows for its values, by the id of the row. */
export type ShownRows = ReadonlyMap<string, readonly (string | null)[]>;

/** What a run has to have done. */
export interface Verdict {
  readonly rows: Map<string, PlainValue[]>;
  readonly rejected: string[];
  readonly losses: Losses;
}

const describeColumn = ({ kind, target, required, values }: RandomColumn): string =>
  `${kind.type} -> ${JSON.stringify(target?.field ?? 'new')}${required ? ' REQUIRED' : ''}: ${values.join(', ')}`;

const describeTable = ({ columns, policies: chosen, strict, rows }: RandomTable): string =>
  JSON.stringify({ rows, strict, ...chosen, columns: columns.map(describeColumn) });

/** Tries random tables until time is up. One that fails can be tried again with BEAMLIFT_SEED=number. */
export async function hold(
  tables: fc.Arbitrary<RandomTable>,
  tryTable: (table: RandomTable) => Promise<void>,
): Promise<void> {
  const chosen = process.env['BEAMLIFT_SEED'];
  const until = Date.now() + PROPERTY_MS;
  for (let seed = Number(chosen ?? Date.now() % MAX_SEED); ; seed++) {
    const [table] = fc.sample(tables, { seed, numRuns: 1 });
    assert.ok(table !== undefined);
    try {
      await tryTable(table);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      assert.fail(`BEAMLIFT_SEED=${seed}\n${why}\n${describeTable(table)}`);
    }
    if (chosen !== undefined || Date.now() >= until) return;
  }
}

const MAX_SEED = 2 ** 31;

/** Rows by their id; `texts` are what the source shows, column by column. */
export function judgeRows(
  shown: ShownRows,
  columns: readonly (FieldJudge & { readonly name: string })[],
  policySet: PolicySet,
  format: StagingFormat,
): Verdict {
  const ledger = new LossLedger();
  const rows = new Map<string, PlainValue[]>();
  const rejected: string[] = [];
  for (const [id, texts] of shown) {
    const lost: Losses[] = [];
    try {
      rows.set(
        id,
        columns.map((column, index) =>
          judgeCell(column, texts[index] ?? null, {
            ...{ policies: policySet, format },
            lose: (rule) => lost.push({ [column.name]: { [rule]: 1 } }),
          }),
        ),
      );
      for (const losses of lost) ledger.merge(losses);
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      rejected.push(id);
    }
  }
  return { rows, rejected: rejected.sort(), losses: ledger.toJSON() };
}

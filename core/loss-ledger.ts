import type { PolicySet } from './policies';

/** The rules under which a value may be lost or changed: the names of the policies, and `unknown_column` for values of columns that no sample showed. */
export type LossRule = keyof PolicySet | 'unknown_column';

/** Losses by destination column and rule, as they appear in reports: `{column: {rule: count}}`. */
export type Losses = Record<string, Partial<Record<LossRule, number>>>;

/** Counts each lossy conversion; one per running unit, merged into the run's. */
export class LossLedger {
  private readonly counts = new Map<string, Map<LossRule, number>>();

  /** `times` below zero takes losses back; a rule that is at zero is none. */
  add(column: string, rule: LossRule, times = 1): void {
    let rules = this.counts.get(column);
    if (rules === undefined) {
      rules = new Map();
      this.counts.set(column, rules);
    }
    const sum = (rules.get(rule) ?? 0) + times;
    if (sum !== 0) rules.set(rule, sum);
    else rules.delete(rule);
    if (rules.size === 0) this.counts.delete(column);
  }

  merge(losses: Losses): void {
    for (const [column, rules] of Object.entries(losses)) {
      for (const [rule, times] of Object.entries(rules)) this.add(column, rule as LossRule, times);
    }
  }

  /** A null-prototype object: a column may be called `__proto__`. */
  toJSON(): Losses {
    const losses = Object.create(null) as Losses;
    for (const [column, rules] of this.counts) losses[column] = Object.fromEntries(rules);
    return losses;
  }
}

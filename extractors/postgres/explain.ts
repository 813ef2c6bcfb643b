import { z } from 'zod';
import type { PostgresSession } from './session';

/** What the planner expects of a statement. */
export interface PlannedStatement {
  readonly rows: number;
  /** Average bytes of a row, as sent. */
  readonly width: number;
  /** In the planner's own unit: comparable between statements of one server. */
  readonly cost: number;
}

const planSchema = z
  .array(
    z.object({
      Plan: z.object({ 'Plan Rows': z.number(), 'Plan Width': z.number(), 'Total Cost': z.number() }),
    }),
  )
  .min(1);

/** Has a statement planned, without running it. */
export async function explain(
  session: PostgresSession,
  statement: string,
  what: string,
): Promise<PlannedStatement> {
  const json = await session.queryValue(`EXPLAIN (FORMAT JSON) ${statement}`, [], what);
  const [first] = planSchema.parse(JSON.parse(json ?? 'null'));
  const plan = first?.Plan;
  return {
    rows: plan?.['Plan Rows'] ?? 0,
    width: plan?.['Plan Width'] ?? 0,
    cost: plan?.['Total Cost'] ?? 0,
  };
}

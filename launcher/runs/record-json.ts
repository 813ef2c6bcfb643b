import { z } from 'zod';
import { jsonObjectSchema } from '../../core/plan';
import { RUN_STATUSES, type RunRecord } from './run-store';

/** A record as it is kept where everything is JSON. */
export const runRecordSchema = z.strictObject({
  id: z.string(),
  job: z.string(),
  started_at: z.string(),
  completed_at: z.string().nullable(),
  status: z.enum(RUN_STATUSES),
  duration_seconds: z.number().nullable(),
  rows_processed: z.number().nullable(),
  rows_processed_base: z.number().nullable(),
  rows_rejected: z.number().nullable(),
  error_message: z.string().nullable(),
  triggered_by: z.string(),
  runner: z.string().nullable(),
  watermark: z.string().nullable(),
  report: jsonObjectSchema.nullable(),
}) satisfies z.ZodType<RunRecord>;

export const RECORD_COLUMNS = Object.keys(runRecordSchema.shape) as (keyof RunRecord)[];

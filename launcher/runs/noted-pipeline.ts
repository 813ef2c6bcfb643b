import { z } from 'zod';
import { jsonObjectSchema } from '../../core/plan';
import type { RunRecord } from './run-store';

const notedPipelineSchema = z.object({
  runner: z.enum(['portable', 'dataflow']),
  id: z.string(),
  url: z.string().optional(),
  handle: jsonObjectSchema,
});
/** The pipeline that a record tells of. */
export type NotedPipeline = z.infer<typeof notedPipelineSchema>;

/** Undefined: the run has none, or none that this version understands. */
export function notedPipeline({ report }: RunRecord): NotedPipeline | undefined {
  return notedPipelineSchema.safeParse(report?.['runner_job']).data;
}

import { z } from 'zod';
import { FILE_STATUSES, type FileRecord } from './file-record';

/** The record of a file as it is kept. */
export const fileRecordSchema = z.strictObject({
  run_id: z.string(),
  job: z.string(),
  started_at: z.string(),
  uri: z.string(),
  version: z.string(),
  size: z.number(),
  last_modified: z.string().nullable(),
  status: z.enum(FILE_STATUSES),
  rows_extracted: z.number().nullable(),
  rows_loaded: z.number().nullable(),
  rows_rejected: z.number().nullable(),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
}) satisfies z.ZodType<FileRecord>;

export const FILE_COLUMNS = Object.keys(fileRecordSchema.shape) as (keyof FileRecord)[];

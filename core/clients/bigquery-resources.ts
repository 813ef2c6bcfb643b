import { z } from 'zod';
import { jsonObjectSchema } from '../plan';
import type { DatasetResource, JobResource, TableField, TableResource } from './bigquery-api';
import { unreadable } from './google-answers';

/*
 * What the API answers, as far as it is looked at. Other members stay as they came: fields are sent back when a table gets columns.
 */

const textSchema = z.string();

const fieldSchema: z.ZodType<TableField> = z.looseObject({
  name: textSchema,
  type: textSchema,
  mode: textSchema.exactOptional(),
  description: textSchema.exactOptional(),
  precision: textSchema.exactOptional(),
  scale: textSchema.exactOptional(),
  maxLength: textSchema.exactOptional(),
  rangeElementType: z.looseObject({ type: textSchema }).exactOptional(),
  get fields() {
    return z.array(fieldSchema).exactOptional();
  },
  policyTags: jsonObjectSchema.exactOptional(),
  defaultValueExpression: textSchema.exactOptional(),
});

const tableSchema: z.ZodType<TableResource> = z.looseObject({
  tableReference: z.looseObject({ projectId: textSchema, datasetId: textSchema, tableId: textSchema }),
  etag: textSchema.exactOptional(),
  type: textSchema.exactOptional(),
  location: textSchema.exactOptional(),
  numRows: textSchema.exactOptional(),
  schema: z.looseObject({ fields: z.array(fieldSchema).exactOptional() }).exactOptional(),
  timePartitioning: z
    .looseObject({
      type: textSchema,
      field: textSchema.exactOptional(),
      requirePartitionFilter: z.boolean().exactOptional(),
    })
    .exactOptional(),
  rangePartitioning: z
    .looseObject({
      field: textSchema,
      range: z.looseObject({ start: textSchema, end: textSchema, interval: textSchema }),
    })
    .exactOptional(),
  requirePartitionFilter: z.boolean().exactOptional(),
  clustering: z.looseObject({ fields: z.array(textSchema) }).exactOptional(),
  tableConstraints: jsonObjectSchema.exactOptional(),
  encryptionConfiguration: z.looseObject({ kmsKeyName: textSchema.exactOptional() }).exactOptional(),
  expirationTime: textSchema.exactOptional(),
});

const datasetSchema: z.ZodType<DatasetResource> = z.looseObject({
  location: textSchema,
  defaultTableExpirationMs: textSchema.exactOptional(),
});

const jobErrorSchema = z.looseObject({
  reason: textSchema.exactOptional(),
  message: textSchema.exactOptional(),
  location: textSchema.exactOptional(),
});

const jobSchema: z.ZodType<JobResource> = z.looseObject({
  jobReference: z.looseObject({ projectId: textSchema, jobId: textSchema, location: textSchema }),
  configuration: jsonObjectSchema,
  status: z.looseObject({
    state: z.enum(['PENDING', 'RUNNING', 'DONE']),
    errorResult: jobErrorSchema.exactOptional(),
    errors: z.array(jobErrorSchema).exactOptional(),
  }),
  statistics: jsonObjectSchema.exactOptional(),
});

/** Each throws GoogleServiceFailure without a status for an answer that is not as the API describes it. */
export const parseTable = (resource: unknown): TableResource => parsed(tableSchema, resource);
export const parseDataset = (resource: unknown): DatasetResource => parsed(datasetSchema, resource);
export const parseJob = (resource: unknown): JobResource => parsed(jobSchema, resource);

function parsed<Resource>(schema: z.ZodType<Resource>, resource: unknown): Resource {
  const result = schema.safeParse(resource);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unreadable(`${issue?.path.join('.') ?? 'it'} is missing, or not what it should be`);
}

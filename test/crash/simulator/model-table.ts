import type { TableField, TableReference, TableResource } from '../../../core/clients/bigquery-api';
import type { JsonObject } from '../../../core/plan';

/** A row of the model: a key, a version of it, and the time the source gave it. */
export interface ModelRow {
  readonly k: string;
  readonly v: number;
  readonly ts: number;
}

/** A table of the model warehouse. */
export class ModelTable {
  rows: readonly ModelRow[] = [];
  private edits = 1;

  constructor(
    readonly reference: TableReference,
    private resource: JsonObject,
    private fields: readonly TableField[],
    /** When it goes by itself, in milliseconds since 1970; undefined: never. */
    public expiresAt: number | undefined,
  ) {}

  get etag(): string {
    return `etag-${this.edits}`;
  }

  replaceRows(rows: readonly ModelRow[]): void {
    this.rows = rows;
    this.edits++;
  }

  patch(changes: JsonObject): void {
    this.resource = { ...this.resource, ...changes };
    const fields = fieldsOf(changes);
    if (fields !== undefined) this.fields = fields;
    this.edits++;
  }

  described(location: string): TableResource {
    return {
      ...this.resource,
      tableReference: this.reference,
      etag: this.etag,
      type: 'TABLE',
      location,
      numRows: String(this.rows.length),
      schema: { fields: this.fields },
      ...(this.expiresAt === undefined ? {} : { expirationTime: String(this.expiresAt) }),
    };
  }
}

/** The fields that a request gives to a table. */
export function fieldsOf(resource: JsonObject): readonly TableField[] | undefined {
  const schema = resource['schema'];
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
  const fields = schema['fields'];
  return Array.isArray(fields) ? (fields as unknown as readonly TableField[]) : undefined;
}

/** Two tables of the same name are the same table. */
export function keyOf({ projectId, datasetId, tableId }: TableReference): string {
  return `${projectId}.${datasetId}.${tableId}`;
}

/** Rows in one line, in order: for comparisons and traces. */
export function shownRows(rows: readonly ModelRow[]): string {
  return rows
    .map(({ k, v }) => `${k}:${v}`)
    .sort()
    .join(' ');
}

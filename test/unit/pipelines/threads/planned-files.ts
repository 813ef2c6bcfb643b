import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest } from '../../../../core/manifest';
import type { Plan, RunContext, SourceObject, SourceSpec } from '../../../../core/plan';
import type { TableSchema } from '../../../../core/schema';
import type { SourceServices } from '../../../../core/extractor';
import { duckdb } from '../../../../loaders/duckdb/duckdb-destination';
import { openEquipment } from '../../../../pipelines/open-equipment';
import { fakeContext } from '../fake-equipment';

type FileObject = Extract<SourceObject, { readonly kind: 'files' }>;

/** A plan of one unit a file, into a DuckDB warehouse in the same folder. */
export async function planFiles(
  folder: string,
  object: Pick<FileObject, 'pattern' | 'format'>,
  services: SourceServices,
): Promise<Pick<Plan, 'context' | 'units'>> {
  const source: SourceSpec = {
    type: 'local',
    connectionName: 'here',
    connection: { path: folder },
    object: { kind: 'files', options: {}, ...object },
    maxConnections: 8,
  };
  const { signal } = new AbortController();
  const equipment = await openEquipment({ ...intoDuckdb(folder), source, job: 'files' }, services, signal);
  try {
    const { extractor } = equipment;
    const context = contextOf(folder, source, await extractor.schema(signal));
    const files = (await extractor.files(signal)) ?? [];
    const units = files.map((file, index) => ({ id: `file-${index + 1}`, kind: 'file' as const, ...file }));
    return { context, units };
  } finally {
    await equipment.close();
  }
}

/** The context of a run of all columns of a source into a DuckDB warehouse in the folder. */
export function contextOf(folder: string, source: SourceSpec, schema: TableSchema): RunContext {
  const columns = schema.columns.map(({ name, type }) => ({
    source: name,
    destination: name,
    sourceType: type,
    destinationType: duckdb.typeFor(type),
  }));
  return {
    ...fakeContext(path.join(folder, 'staging')),
    ...intoDuckdb(folder),
    job: 'files',
    source,
    columns,
    sourceSchema: schema,
    destinationSchema: {
      columns: columns.map(({ destination, destinationType }) => ({
        name: destination,
        type: destinationType,
        nullable: true,
      })),
      primaryKey: [],
    },
    maxRejects: 10,
    rejectFolder: path.join(folder, 'rejects'),
  };
}

export function intoDuckdb(folder: string): Pick<RunContext, 'destination'> {
  const config = { path: path.join(folder, 'warehouse.duckdb') };
  return { destination: { type: 'duckdb', destinationName: 'warehouse', config, table: 't' } };
}

/** What manifests say, without what is new with each attempt: names of parts are those of their content. */
export async function sayings(
  { stagingFolder }: RunContext,
  manifests: readonly Manifest[],
): Promise<unknown> {
  return await Promise.all(
    manifests.map(async ({ attempt, parts, rejectFile, ...rest }) => ({
      ...rest,
      attempt: attempt.length,
      rejects: rejectFile === undefined ? undefined : (await readFile(rejectFile, 'utf8')).split('\n').length,
      parts: await Promise.all(
        parts.map(async ({ uri, ...part }) => {
          const bytes = await readFile(path.join(stagingFolder, uri));
          return { ...part, content: createHash('sha256').update(bytes).digest('hex') };
        }),
      ),
    })),
  );
}

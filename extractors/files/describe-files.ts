import { BeamliftError } from '../../core/errors';
import type { FileEntry } from '../../core/extractor';
import type { Estimate } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import type { FormatReader } from '../formats/format-reader';
import type { ObjectStore } from './object-store';
import { openContent } from './opened-content';
import { unionNotices, unionSchema, type DescribedFile } from './union-schema';

/** Files that are looked into to find the schema; of more, an even sample with the first and the last. */
export const MAX_DESCRIBED_FILES = 20;

/** Files that are looked into at once. */
const DESCRIBED_AT_ONCE = 4;

export interface FileSetDescription {
  readonly schema: TableSchema;
  readonly estimate: Estimate;
  readonly notices: readonly string[];
  /** Names of the files that were looked into. */
  readonly described: ReadonlySet<string>;
}

/** One schema and an estimate for files in one format. Throws SOURCE_EMPTY where none of them has a column, and what reading throws. */
export async function describeFiles(
  store: ObjectStore,
  reader: FormatReader,
  files: readonly FileEntry[],
  signal: AbortSignal,
): Promise<FileSetDescription> {
  const sample = evenSample(files, MAX_DESCRIBED_FILES);
  const described: DescribedFile[] = [];
  for (let start = 0; start < sample.length; start += DESCRIBED_AT_ONCE) {
    const group = sample.slice(start, start + DESCRIBED_AT_ONCE);
    described.push(...(await Promise.all(group.map((entry) => describeFile(store, reader, entry, signal)))));
  }
  const schema = unionSchema(described, reader.widenInferred);
  if (schema.columns.length === 0) {
    throw new BeamliftError('SOURCE_EMPTY', {
      what: sample.length === 1 ? 'The file is empty' : 'The files are empty',
      where: { object: sample.map(({ uri }) => uri).join(', ') },
      why: 'Without a header or a record there are no columns to load.',
      hint: `Check whether the export that writes ${sample.length === 1 ? 'it' : 'them'} has finished.`,
    });
  }
  const notices = unionNotices(described, schema);
  if (sample.length < files.length) {
    notices.push(
      `The schema was taken from ${sample.length} of ${files.length} files; a column that only others have is not loaded, and said when they are read.`,
    );
  }
  return {
    schema,
    estimate: estimateRows(files, sample, described),
    notices,
    described: new Set(sample.map(({ uri }) => uri)),
  };
}

async function describeFile(
  store: ObjectStore,
  reader: FormatReader,
  entry: FileEntry,
  signal: AbortSignal,
): Promise<DescribedFile> {
  try {
    const content = await openContent(store.content(entry), signal);
    return { uri: entry.uri, description: await reader.describe(content, signal) };
  } catch (error) {
    throw error instanceof BeamliftError ? error.at({ object: entry.uri }) : error;
  }
}

/** At most `most` of the items, at even distances. */
export function evenSample<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  const wanted = new Set(
    Array.from({ length: most }, (_, index) => Math.round((index * (items.length - 1)) / (most - 1))),
  );
  return items.filter((_, index) => wanted.has(index));
}

function estimateRows(
  files: readonly FileEntry[],
  sample: readonly FileEntry[],
  described: readonly DescribedFile[],
): Estimate {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sampledBytes = sample.reduce((sum, file) => sum + file.bytes, 0);
  const rows = described.reduce((sum, { description }) => sum + description.rows.count, 0);
  if (sample.length === files.length) {
    const exact = described.every(({ description }) => description.rows.quality === 'exact');
    return { rows, bytes, quality: exact ? 'exact' : 'sampled' };
  }
  return {
    rows: sampledBytes === 0 ? 0 : Math.round((rows * bytes) / sampledBytes),
    bytes,
    quality: 'sampled',
  };
}

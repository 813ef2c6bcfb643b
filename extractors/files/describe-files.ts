import { BeamliftError } from '../../core/errors';
import type { FileEntry, FileFocus } from '../../core/extractor';
import { isFaultOfFile } from '../../core/file-faults';
import type { Estimate, FileDrift } from '../../core/plan';
import type { TableSchema } from '../../core/schema';
import type { FileDescription, FormatReader } from '../formats/format-reader';
import { driftNotices, fileDrift } from './file-drift';
import type { ObjectStore } from './object-store';
import { openContent } from './opened-content';
import { unionNotices, unionSchema, type DescribedFile } from './union-schema';

/** Files that are looked into to find the schema; of more, an even sample with the first and the last. */
export const MAX_DESCRIBED_FILES = 20;

/** Files that are looked into at once. */
const DESCRIBED_AT_ONCE = 4;

/** Files that cannot be read and are named in the plan. */
const MAX_TOLD = 5;

export interface FileSetDescription {
  readonly schema: TableSchema;
  /** Of the files that are read. */
  readonly estimate: Estimate;
  readonly notices: readonly string[];
  /** Names of the files that were looked into. */
  readonly described: ReadonlySet<string>;
  readonly drift: readonly FileDrift[];
}

/**
 * One schema and an estimate for files in one format. Of the files that are read a sample is looked into, and where that leaves room, of
 * those that were loaded before. Throws SOURCE_EMPTY where none of them has a column, and what reading throws.
 */
export async function describeFiles(
  store: ObjectStore,
  reader: FormatReader,
  { read, loaded, skipBad }: FileFocus,
  signal: AbortSignal,
): Promise<FileSetDescription> {
  const sample = evenSample(read, MAX_DESCRIBED_FILES);
  const more = evenSample(loaded, MAX_DESCRIBED_FILES - sample.length);
  const looks = [
    ...sample.map((entry) => ({ entry, isRead: true })),
    ...more.map((entry) => ({ entry, isRead: false })),
  ].sort((a, b) => compareNames(a.entry.uri, b.entry.uri));
  const results: Look[] = [];
  for (let start = 0; start < looks.length; start += DESCRIBED_AT_ONCE) {
    const group = looks.slice(start, start + DESCRIBED_AT_ONCE);
    results.push(
      ...(await Promise.all(
        group.map(
          async ({ entry, isRead }) =>
            await lookInto(store, reader, entry, isRead, skipBad || !isRead, signal),
        ),
      )),
    );
  }
  const bad = results.flatMap(({ entry, isRead, error }) => (isRead && error ? [{ entry, error }] : []));
  const described = results.flatMap(({ entry: { uri }, description }) =>
    description === undefined ? [] : [{ uri, description }],
  );
  const ofRead = results.filter(({ isRead }) => isRead);
  const [firstBad] = bad;
  if (firstBad !== undefined && described.length === 0) throw firstBad.error;
  const schema = unionSchema(described, reader.widenInferred);
  if (schema.columns.length === 0) throw nothingInside(looks.map(({ entry }) => entry));
  const drift = fileDrift(described);
  const notices = [...unionNotices(described), ...driftNotices(drift)];
  for (const { entry, error } of bad.slice(0, MAX_TOLD)) {
    notices.push(`${entry.uri} cannot be read, and will be left out: ${error.what}`);
  }
  if (sample.length < read.length) {
    notices.push(
      `The schema was taken from ${sample.length} of ${read.length} files; a column that only others have is not loaded, and said when they are read.`,
    );
  }
  return {
    schema,
    estimate: estimateRows(read, sample, ofRead),
    notices,
    described: new Set(described.map(({ uri }) => uri)),
    drift,
  };
}

interface Look {
  readonly entry: FileEntry;
  /** Not one that was loaded before. */
  readonly isRead: boolean;
  readonly description: FileDescription | undefined;
  readonly error: BeamliftError | undefined;
}

/** `mayFail`: a file that is at fault has no description. */
async function lookInto(
  store: ObjectStore,
  reader: FormatReader,
  entry: FileEntry,
  isRead: boolean,
  mayFail: boolean,
  signal: AbortSignal,
): Promise<Look> {
  try {
    const { description } = await describeFile(store, reader, entry, signal);
    return { entry, isRead, description, error: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (!mayFail || !isFaultOfFile(error)) throw error;
    return { entry, isRead, description: undefined, error };
  }
}

function nothingInside(sample: readonly FileEntry[]): BeamliftError {
  const one = sample.length === 1;
  return new BeamliftError('SOURCE_EMPTY', {
    what: one ? 'The file is empty' : 'The files are empty',
    where: { object: sample.map(({ uri }) => uri).join(', ') },
    why: 'Without a header or a record there are no columns to load.',
    hint: `Check whether the export that writes ${one ? 'it' : 'them'} has finished.`,
  });
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
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
  if (most < 2) return items.slice(0, Math.max(0, most));
  const wanted = new Set(
    Array.from({ length: most }, (_, index) => Math.round((index * (items.length - 1)) / (most - 1))),
  );
  return items.filter((_, index) => wanted.has(index));
}

function estimateRows(
  files: readonly FileEntry[],
  sample: readonly FileEntry[],
  looks: readonly Pick<Look, 'description'>[],
): Estimate {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sampledBytes = sample.reduce((sum, file) => sum + file.bytes, 0);
  const rows = looks.reduce((sum, { description }) => sum + (description?.rows.count ?? 0), 0);
  if (sample.length === files.length) {
    const exact = looks.every(({ description }) => (description?.rows.quality ?? 'exact') === 'exact');
    return { rows, bytes, quality: exact ? 'exact' : 'sampled' };
  }
  return {
    rows: sampledBytes === 0 ? 0 : Math.round((rows * bytes) / sampledBytes),
    bytes,
    quality: 'sampled',
  };
}

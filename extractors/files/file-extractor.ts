import { BeamliftError } from '../../core/errors';
import type {
  Extractor,
  FileEntry,
  FileFocus,
  RangeTarget,
  ReadRequest,
  RowBatch,
  RowStream,
  SplitHints,
  UpperBound,
} from '../../core/extractor';
import { filesOfUnit } from '../../core/files-of-unit';
import type { Logger } from '../../core/logger';
import type { Estimate, FileDrift, FileRange, PlannedFile, WorkUnit } from '../../core/plan';
import type { Column, TableSchema } from '../../core/schema';
import type { FormatReader } from '../formats/format-reader';
import { describeFiles, type FileSetDescription } from './describe-files';
import { fileRanges } from './file-ranges';
import { compilePattern } from './glob';
import type { Listing, ObjectStore } from './object-store';
import { openContent } from './opened-content';
import { readLimited } from './read-limited';
import { smallContent } from './small-content';
import { storedProgress } from './stored-progress';
import { UnknownColumns } from './unknown-columns';

/** Files of a store, in one format, as a source. Listing and describing happen once, at first use. */
export class FileExtractor implements Extractor {
  private readonly listing: Once<Listing>;
  private readonly description: Once<FileSetDescription>;
  private chosen: FileFocus | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly pattern: string,
    private readonly reader: FormatReader,
    private readonly log: Logger,
  ) {
    this.listing = new Once((signal) => store.list(pattern, signal));
    this.description = new Once(async (signal) =>
      describeFiles(store, reader, await this.focused(signal), signal),
    );
  }

  async files(signal: AbortSignal): Promise<readonly FileEntry[]> {
    return (await this.listing.get(signal)).files;
  }

  focus(focus: FileFocus): void {
    this.chosen = focus;
  }

  async drift(signal: AbortSignal): Promise<readonly FileDrift[]> {
    return (await this.description.get(signal)).drift;
  }

  async schema(signal: AbortSignal): Promise<TableSchema> {
    return (await this.description.get(signal)).schema;
  }

  async notices(signal: AbortSignal): Promise<readonly string[]> {
    const { files, notices } = await this.listing.get(signal);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const found = files.length === 1 ? '1 file matches' : `${files.length} files match`;
    return [
      `${found} ${JSON.stringify(this.pattern)} (${bytes.toLocaleString('en-US')} bytes).`,
      ...notices,
      ...(await this.description.get(signal)).notices,
    ];
  }

  async estimate(_window: unknown, signal: AbortSignal): Promise<Estimate> {
    return (await this.description.get(signal)).estimate;
  }

  ranges(
    files: readonly FileEntry[],
    target: RangeTarget,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly FileRange[]>> {
    return fileRanges(this.store, this.reader, files, target, signal);
  }

  async splits(_window: unknown, signal: AbortSignal): Promise<SplitHints> {
    return { kind: 'files', files: await this.files(signal) };
  }

  upperBound(column: string): Promise<UpperBound> {
    return Promise.reject(
      new BeamliftError('PLAN_REFUSED', {
        what: 'Files have no incremental window.',
        where: { column },
        why: 'Which files are new is known by their names and versions, not by a column.',
        hint: 'Leave timestamp_column out of the job.',
      }),
    );
  }

  pin(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  read(request: ReadRequest, signal: AbortSignal): RowStream {
    return { wire: 'cells', batches: readLimited(this.readUnit(request, signal), request.limit) };
  }

  async close(): Promise<void> {
    await this.store.close?.();
  }

  private async *readUnit(request: ReadRequest, signal: AbortSignal): AsyncGenerator<RowBatch> {
    const schema = request.planned?.schema ?? (await this.description.get(signal)).schema;
    const columns = request.columns.map((name) => findColumn(schema, name));
    const known = [...schema.columns.map(({ name }) => name), ...(request.planned?.unread ?? [])];
    const files = await this.filesOf(request.unit, signal);
    const takesRaw =
      request.takesRaw === true || (request.takesRaw !== undefined && request.takesRaw === this.reader.wire);
    // Nothing is listed for this: a worker knows its files.
    const { literal } = compilePattern(this.pattern);
    const several = files.length > 1 || files[0]?.uri !== literal;
    for (const file of files) {
      try {
        yield* this.readFile(file, { columns, known, several, takesRaw }, signal);
      } catch (error) {
        throw error instanceof BeamliftError ? error.at({ object: file.uri }) : error;
      }
    }
  }

  private async focused(signal: AbortSignal): Promise<FileFocus> {
    return this.chosen ?? { read: await this.files(signal), loaded: [], skipBad: false };
  }

  private async filesOf(unit: WorkUnit, signal: AbortSignal): Promise<readonly PlannedFile[]> {
    if (unit.kind === 'all') return this.files(signal);
    const files = filesOfUnit(unit);
    if (files.length > 0) return files;
    throw new BeamliftError('INTERNAL', {
      what: `Files cannot be read by a unit of kind ${unit.kind}.`,
      where: { unit: unit.id },
    });
  }

  private async *readFile(
    { range, lastModified = 'at an unknown time', ...named }: PlannedFile,
    { columns, known, several, takesRaw }: FileRequest,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch> {
    const entry: FileEntry = { ...named, lastModified };
    const content = await openContent(await smallContent(this.store.content(entry), signal), signal);
    const unknown = new UnknownColumns(known);
    const described = this.description.made?.described;
    const isFirst = range === undefined || range.start === 0;
    if (isFirst && described?.has(entry.uri) !== true) {
      unknown.addNames((await this.reader.describe(content, signal)).columns.map(({ name }) => name));
    }
    const stored = storedProgress(content);
    for await (const batch of this.reader.read(content, columns, signal, range, takesRaw)) {
      const told = unknown.addBatch(batch);
      yield { ...(several ? inFile(told, entry.uri) : told), bytes: stored(batch.bytes) };
    }
    unknown.report(this.log, entry.uri);
  }
}

/** What is read of a unit's files. */
interface FileRequest {
  readonly columns: readonly Column[];
  /** Names of columns that no file is reported for. */
  readonly known: readonly string[];
  /** Whether rows are named with their files. */
  readonly several: boolean;
  readonly takesRaw: boolean;
}

/** The batch with its rows named `sales/1.csv line 12`. */
function inFile(batch: RowBatch, uri: string): RowBatch {
  const { nameRow } = batch;
  return {
    ...batch,
    file: uri,
    rejects: batch.rejects.map((reject) => ({ ...reject, row: `${uri} ${reject.row}` })),
    ...(nameRow === undefined ? {} : { nameRow: (index: number) => `${uri} ${nameRow(index)}` }),
  };
}

function findColumn(schema: TableSchema, name: string): Column {
  const column = schema.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw new BeamliftError('SOURCE_CHANGED', {
    what: `No file has a column ${name} any more.`,
    where: { column: name },
    why: 'It was there when the run was planned.',
    hint: 'Run the job again.',
  });
}

/** A promise made at first use and kept, unless it fails: then the next use tries again. */
class Once<Value> {
  private value: Promise<Value> | undefined;
  private settled: Value | undefined;

  /** The value, if it is there already. */
  get made(): Value | undefined {
    return this.settled;
  }

  constructor(private readonly make: (signal: AbortSignal) => Promise<Value>) {}

  async get(signal: AbortSignal): Promise<Value> {
    const value = (this.value ??= this.make(signal));
    try {
      this.settled = await value;
      return this.settled;
    } catch (error) {
      if (this.value === value) this.value = undefined;
      throw error;
    }
  }
}

import type { z } from 'zod';
import type { Logger } from './logger';
import type { Row } from './cells';
import type { Bound, Estimate, FileDrift, FileRange, JsonObject, SourceSpec, Window, WorkUnit } from './plan';
import type { RawRows } from './raw-rows';
import type { Reject } from './reject';
import type { TableSchema } from './schema';

/** Environment variables as they were read at start, for drivers' habits (PG*). Never `process.env` itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Turns a secret reference into its value, as late as possible. */
export interface SecretResolver {
  /** A text without references comes back as it is. Throws SECRET_UNRESOLVED, which names the reference and never a value. */
  resolve(text: string, signal: AbortSignal): Promise<string>;
}

/** What an extractor is opened with besides its spec. */
export interface SourceServices {
  readonly secrets: SecretResolver;
  readonly environment: Environment;
  readonly log: Logger;
  /** The folder of the configuration file, absolute: relative paths are meant from here. */
  readonly baseFolder: string;
}

/** About so many bytes make a batch; an extractor's memory is a small number of batches. */
export const BATCH_BYTES = 256 * 1024;

/** Rows of a unit, in order. `rejects` are rows the source itself could not read (they count as extracted). */
export interface RowBatch {
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  /** Bytes at the source that this batch came from, for progress. */
  readonly bytes: number;
  /** What a person would call row `index` of this batch, `rows` first, then those of `raw`: `line 12`, `record 7`. Absent: rows are known by their key columns. */
  readonly nameRow?: (index: number) => string;
  /** Rows behind `rows` that are not decoded; only where they were asked for. Their bytes are valid until the next batch is pulled. */
  readonly raw?: RawRows;
  /** The file that the batch was read from, as its source names it, where a unit may have several. */
  readonly file?: string;
  /**
   * Values that are not null under names that were not asked for, by name: what a source without a schema holds beyond what its
   * sample showed. A format reader counts all of them; whoever knows the schema leaves out the names that are in it.
   */
  readonly unknownColumns?: ReadonlyMap<string, number>;
}

/** A stream that ends without an error is whole: the extractor has proof (COPY's count, length, checksum), or throws SOURCE_INCOMPLETE. */
export interface RowStream {
  readonly wire: 'cells';
  readonly batches: AsyncIterable<RowBatch>;
}

export interface ReadRequest {
  readonly unit: WorkUnit;
  readonly window: Window | null;
  /** Which columns, in which order; names of the source schema. */
  readonly columns: readonly string[];
  readonly limit: number | null;
  /** What `pin` returned, at planning. */
  readonly pin: JsonObject | undefined;
  /** What the plan knows of the source's columns; of files it holds wherever they are read, whatever files have come since. Absent: what the source says now. */
  readonly planned?: {
    /** With the types of `columns`. */
    readonly schema: TableSchema;
    /** Names of columns that are not read. */
    readonly unread: readonly string[];
  };
  /** Whoever reads takes `RowBatch.raw`, or only those of one wire; absent: only cells. */
  readonly takesRaw?: boolean | 'json';
}

/** By what a window can be cut; partitioning decides. */
export type SplitHints =
  /** Nothing to cut by: one unit. */
  | { kind: 'none'; reason: string }
  /** Files with known sizes: one unit each, or one for each of its `ranges` (by name; absent: whole). */
  | {
      kind: 'files';
      files: readonly FileEntry[];
      ranges?: ReadonlyMap<string, readonly FileRange[]>;
    }
  /** By ranges of an ordered column whose values are numbers or instants. */
  | {
      kind: 'range';
      column: string;
      /** What the texts of bounds are: whole numbers, `YYYY-MM-DD`, or ISO date-times (`YYYY-MM-DDTHH:MM:SS.ffffff`, with `Z` for timestamps). */
      domain: 'int' | 'date' | 'datetime' | 'timestamp';
      min: string;
      max: string;
      /** Inner bounds that hold about the same number of rows each, in order, where the source has a histogram. */
      histogram?: readonly string[];
      /** Whether rows with NULL in the column are part of the window. */
      nullable: boolean;
      /** Where each unit costs more than its rows: a query is run once for each. */
      maxUnits?: number;
    }
  /** By a hash the source computes. */
  | { kind: 'hash'; column: string; maxUnits: number }
  /** The source has cut the window by itself: one unit each. Empty: there are no rows. */
  | {
      kind: 'streams';
      streams: readonly SourceStream[];
      /** Why there are so many, in words. */
      reason: string;
      /** Better than that of `estimate`, where cutting told more. */
      estimate?: Estimate;
    };

/** What a source cut by itself; see the work unit of kind `stream`. */
export interface SourceStream {
  readonly name: string;
  /** Null: not known. */
  readonly rows: number | null;
}

export interface FileEntry {
  /** What names the file for the connection, with `/`: relative to its folder or bucket. */
  readonly uri: string;
  readonly bytes: number;
  readonly version: string;
  readonly lastModified: string;
}

/** How large a range of a file should be, about. */
export interface RangeTarget {
  /** Of text; of a format that packs its data, of what it is packed from. */
  readonly bytes: number;
  /** Where rows can be counted without reading them, these count instead. Absent: the job does not say. */
  readonly rows?: number;
}

/** Which files a plan is about. */
export interface FileFocus {
  /** What the run reads: the schema and the estimate are taken from them. */
  readonly read: readonly FileEntry[];
  /** Files that were loaded before: columns that only they have stay columns of the source. One that cannot be read does not matter. */
  readonly loaded: readonly FileEntry[];
  /** Whether files of `read` that cannot be read are passed over, as long as one can. */
  readonly skipBad: boolean;
}

/** The upper end of an incremental window, fixed at planning. */
export interface UpperBound {
  /** Null: the source has no rows with a value in the column. */
  readonly bound: Bound | null;
  /** Whether no transaction can still commit a row below the bound; false goes into the plan as a notice with `reason`. */
  readonly commitSafe: boolean;
  readonly reason: string;
  /** Rows with NULL in the column: an incremental load never sees them. Null: not counted. */
  readonly nullRows: number | null;
}

/** A source, opened. Every method may be called while others run; `close` ends them all. */
export interface Extractor {
  schema(signal: AbortSignal): Promise<TableSchema>;
  /** Sentences for the plan: which files were found, what the source promises about consistency. */
  notices(signal: AbortSignal): Promise<readonly string[]>;
  /** Files of a file source; undefined for all others. Fixed at first use. */
  files(signal: AbortSignal): Promise<readonly FileEntry[] | undefined>;
  /**
   * Ranges, of about `target` each, of those of the files that are worth cutting and can be; by name, in order, covering the file.
   * Absent: files are read whole.
   */
  ranges?(
    files: readonly FileEntry[],
    target: RangeTarget,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly FileRange[]>>;
  /** Of a file source, once and before `schema`, `estimate` and `drift`; without it they are about all files. */
  focus?(focus: FileFocus): void;
  /** Files that differ from the others; absent: not a file source. */
  drift?(signal: AbortSignal): Promise<readonly FileDrift[]>;
  estimate(window: Window | null, signal: AbortSignal): Promise<Estimate>;
  /** `columns`: what units will read of it, for sources that cut by themselves; absent: all columns. */
  splits(window: Window | null, signal: AbortSignal, columns?: readonly string[]): Promise<SplitHints>;
  upperBound(column: string, holdBackSeconds: number, signal: AbortSignal): Promise<UpperBound>;
  /** Fixes one point in time that all units then read. Held until `close`. Undefined: the source has none. */
  pin(signal: AbortSignal): Promise<JsonObject | undefined>;
  /** Whether what `pin` fixed can be read when this process is gone. Absent: it cannot. */
  readonly pinLasts?: boolean;
  /** Rows of a unit within the window. The same request gives the same rows each time: units are retried. */
  read(request: ReadRequest, signal: AbortSignal): RowStream;
  /** Ends connections that nothing uses, before units are read elsewhere: all of them together stay within `maxConnections`. Absent: it has none. */
  releaseIdle?(): Promise<void>;
  close(): Promise<void>;
}

/** One finding of `beamlift check`; the first that failed explains the rest. */
export interface CheckFinding {
  /** `dns`, `connect`, `tls`, `login`, `rights`, `database`, `table`, `folder`, … */
  readonly step: string;
  readonly ok: boolean;
  /** It can be used, but not as somebody would expect; shown with its detail and hint. */
  readonly warning?: boolean;
  readonly detail: string;
  readonly hint?: string;
}

/** How much of what is there is wanted, for sources where that may be millions; others give everything. */
export interface DiscoverOptions {
  /** No more than so many entries. */
  readonly most?: number;
  /** Files in folders below this one (with a `/` at its end; empty: the top) as their folders of the next level. Absent: each file. */
  readonly foldersBelow?: string;
}

/** One thing that a job could load, or a folder (`prefix`) of such things. */
export interface DiscoveredObject {
  readonly kind: 'table' | 'view' | 'file' | 'prefix';
  /** As it is written in a job: `public.orders`, `sales/2025.csv`. */
  readonly name: string;
  /** The name in its pieces, unquoted; a file has its path as `table`. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Of a prefix: how many files are below it. */
  readonly files?: number;
}

/**
 * A kind of source: one entry of the tuple in extractors/index.ts. Drivers are imported when something is opened, never with the module.
 * Each receives the connection as the configuration has it, with secret references unresolved.
 */
export interface SourceModule<Type extends string = string> {
  readonly type: Type;
  /** Names that existing configurations use for `type`. */
  readonly aliases: readonly string[];
  /** For help and docs: `PostgreSQL 12 or newer`. */
  readonly title: string;
  readonly category: 'database' | 'files';
  /** A strict object of the connection's fields without `source_type`, each with `.describe(…)`. Fields that hold secrets are listed in `secretFields`, those of nested mappings as `ssh.password`. */
  readonly connectionSchema: z.ZodObject;
  readonly secretFields: readonly string[];
  /** Fields that are paths of this machine, made absolute from the configuration's folder; absent: none. */
  readonly pathFields?: readonly string[];
  /** Words that existing control planes use for fields: `aws_region` for `region`; absent: none. */
  readonly fieldAliases?: Readonly<Record<string, string>>;
  /** A URL of `--from`, as connection fields and what it says about the object (files, or of a database a table); undefined: not a URL of this source. Throws USAGE. */
  parseUrl(url: string): { connection: JsonObject; object?: { pattern: string } } | undefined;
  open(source: SourceSpec, services: SourceServices): Promise<Extractor>;
  check(connection: JsonObject, services: SourceServices, signal: AbortSignal): Promise<CheckFinding[]>;
  discover(
    connection: JsonObject,
    services: SourceServices,
    filter: string | undefined,
    signal: AbortSignal,
    options?: DiscoverOptions,
  ): Promise<DiscoveredObject[]>;
}

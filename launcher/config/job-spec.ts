import type { StagingCompression, StagingFormat } from '../../core/encoding';
import type { DestinationSpec, JsonObject, SourceSpec, TableOptions, VerifyLevel } from '../../core/plan';
import type { JobPolicies } from '../../core/policies';
import type { RunStoreSpec } from '../runs/run-store-spec';
import type { RunnersConfiguration } from './read-runners';

/** One job of the configuration, checked and with every default filled in. */
export interface JobSpec {
  readonly name: string;
  readonly source: SourceSpec;
  readonly sourceCategory: 'database' | 'files';
  readonly destination: DestinationSpec;
  /** transactional (alias append): what is new is appended; catalog (alias replace): the table is replaced; merge: by key. */
  readonly loadType: 'transactional' | 'catalog' | 'merge';
  readonly timestampColumn: string | undefined;
  /** As written: a date or instant in `timezone`, or a number. */
  readonly historicalStartDate: string | undefined;
  /** Seeds an empty state only; an empty text is undefined. */
  readonly lastSyncValue: string | undefined;
  /** Empty: all columns. */
  readonly selectedColumns: readonly string[];
  /** Source name to destination name. A Map: a column may be called `__proto__`. */
  readonly columnMapping: ReadonlyMap<string, string>;
  readonly keyColumns: readonly string[];
  readonly createTable: boolean;
  readonly schemaUpdate: 'none' | 'add_columns';
  readonly allowEmpty: boolean;
  readonly split: {
    readonly rowsPerUnit: number;
    /** The job says so itself: a destination that likes larger units does not change it. */
    readonly isChosen: boolean;
    readonly by: 'auto' | 'date' | 'range' | 'hash' | 'none';
  };
  readonly policies: JobPolicies;
  readonly maxRejects: number;
  readonly holdBackSeconds: number;
  readonly lookbackSeconds: number;
  readonly timeoutSeconds: number | undefined;
  readonly timezone: string;
  readonly fileSelection: 'all' | 'latest';
  readonly onBadFile: 'fail' | 'skip';
  readonly verify: VerifyLevel;
  /** Undefined: what the destination prefers. */
  readonly stagingFormat: StagingFormat | undefined;
  readonly stagingCompression?: StagingCompression;
  readonly tableOptions: TableOptions;
}

/** A job over many tables: becomes one JobSpec a table when the source has been asked what it has. */
export interface JobTemplate {
  readonly name: string;
  /** Name of its connection in `Configuration.connections`. */
  readonly connection: string;
  /** Patterns as in `public.*`. */
  readonly sourceTables: readonly string[];
  /** Makes the job of one table: schema and name as `discover` gave them. The job is called `name.table`. */
  readonly instantiate: (schema: string | undefined, table: string) => JobSpec;
}

export interface NamedConnection {
  readonly name: string;
  readonly type: string;
  /** Validated; secrets are references. */
  readonly config: JsonObject;
}

export interface Configuration {
  /** Absolute path of the file; undefined where the command line made the configuration. */
  readonly file: string | undefined;
  /** Relative paths are meant from here. */
  readonly baseFolder: string;
  /** By name: those of the file, and of the run store's those that jobs name or the command asked for; the connection that a job describes itself (source_type, connection_params) is called `jobs.NAME`. */
  readonly connections: ReadonlyMap<string, NamedConnection>;
  readonly destinations: ReadonlyMap<string, NamedConnection>;
  readonly jobs: readonly (JobSpec | JobTemplate)[];
  readonly runners: RunnersConfiguration;
  readonly runStore: RunStoreSpec;
  /** Secrets that were written out, by the path of their `${inline:path}` reference. */
  readonly inlineSecrets: ReadonlyMap<string, string>;
  /** Secrets of stored connections, encrypted, by the `NAME/FIELD` of their `${connection:NAME/FIELD}` reference. */
  readonly sealedSecrets: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

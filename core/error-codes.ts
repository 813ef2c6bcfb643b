/**
 * Every error a user can meet, by code. docs/errors.md is generated from this table.
 *
 * `transient: true` means that the same call may succeed when made again; retries look at nothing else.
 * `exit` is the exit code of a command that ends with the error: 2 for what the user wrote, 0 for a run that another one stands in for, 1 for everything else.
 */
export interface ErrorCodeEntry {
  readonly title: string;
  readonly transient: boolean;
  readonly exit: 0 | 1 | 2 | 124 | 130;
  /** What it means and what to do, for docs/errors.md. */
  readonly explanation: string;
}

export const ERROR_CODES = {
  // configuration and usage
  CONFIG_NOT_FOUND: {
    title: 'The configuration file is not there',
    transient: false,
    exit: 2,
    explanation:
      'No file at the path given with `-f`, in BEAMLIFT_CONFIG, or at ./beamlift.yaml. `beamlift init` writes one.',
  },
  CONFIG_INVALID: {
    title: 'The configuration has problems',
    transient: false,
    exit: 2,
    explanation:
      'Every problem is listed with its file, line and column, and what to write instead. Nothing was run.',
  },
  USAGE: {
    title: 'The command line is wrong',
    transient: false,
    exit: 2,
    explanation:
      'An unknown flag, a missing value, or flags that contradict each other. `--help` shows the command.',
  },
  SECRET_UNRESOLVED: {
    title: 'A secret reference could not be resolved',
    transient: false,
    exit: 2,
    explanation:
      'The variable is not set, the file cannot be read, or Secret Manager refused. The reference is named, never its value.',
  },
  SECRET_KEY: {
    title: 'The key of stored secrets is missing or another one',
    transient: false,
    exit: 2,
    explanation:
      'Secrets that `beamlift connections` stores are encrypted with the key in BEAMLIFT_SECRET_KEY: 32 bytes in base64 (`openssl rand -base64 32`), or a passphrase. Without it none are stored, and those that are stored cannot be read.',
  },
  CONNECTION_CHANGED: {
    title: 'Somebody else changed the stored connection',
    transient: false,
    exit: 1,
    explanation:
      'Between reading a stored connection and writing it, another command wrote it. Nothing was changed by this one: look at it, and try again.',
  },
  // connections
  CONNECTION_DNS: {
    title: 'The host name does not resolve',
    transient: false,
    exit: 1,
    explanation: 'DNS knows no such host. Check the spelling of `host`, and whether a VPN is needed.',
  },
  CONNECTION_REFUSED: {
    title: 'The server does not accept connections',
    transient: true,
    exit: 1,
    explanation:
      'The host answers, nothing listens on that port, or a firewall refuses. Check `port`, and that the server runs.',
  },
  CONNECTION_LIMIT: {
    title: 'All connections that the server allows are in use',
    transient: true,
    exit: 1,
    explanation:
      'The server, or a limit of the user, takes no more connections now. beamlift waits some minutes for a free one, for each unit that needs it. Lower `max_source_connections`, or raise the limit (PostgreSQL: `max_connections`, `ALTER ROLE … CONNECTION LIMIT`; MySQL: `max_connections`, `max_user_connections`).',
  },
  CONNECTION_TIMEOUT: {
    title: 'The server did not answer in time',
    transient: true,
    exit: 1,
    explanation:
      'No answer within `connect_timeout`. Usually a firewall that drops packets, or a wrong host.',
  },
  CONNECTION_TLS: {
    title: 'The TLS handshake failed',
    transient: false,
    exit: 1,
    explanation:
      'The server has no TLS, or its certificate is not trusted or names another host. See `sslmode` and `ssl_ca`.',
  },
  CONNECTION_LOST: {
    title: 'The connection broke',
    transient: true,
    exit: 1,
    explanation:
      'The server or the network closed the connection while it was in use. The work unit is read again.',
  },
  SSH_HOST_KEY: {
    title: 'The host key of the SSH server is not known',
    transient: false,
    exit: 1,
    explanation:
      'Neither `host_key` nor `known_hosts` has the key that the server shows, or they have another one. The message shows its fingerprint: have it confirmed by whoever runs the server, then add it. Nothing was sent to the server.',
  },
  LOGIN_FAILED: {
    title: 'The server refused the login',
    transient: false,
    exit: 1,
    explanation: 'User, password or the method of authentication is wrong (PostgreSQL: also pg_hba.conf).',
  },
  DATABASE_NOT_FOUND: {
    title: 'The database does not exist',
    transient: false,
    exit: 1,
    explanation: 'The login worked, but there is no database of that name.',
  },
  RIGHTS_MISSING: {
    title: 'The login lacks a right',
    transient: false,
    exit: 1,
    explanation:
      'The object is there, but this user may not read (or write) it. The message names the right to grant.',
  },
  // sources
  SOURCE_NOT_FOUND: {
    title: 'The table, view or file does not exist',
    transient: false,
    exit: 1,
    explanation: 'No such object. `beamlift discover CONNECTION` lists what the connection can see.',
  },
  SOURCE_EMPTY: {
    title: 'No file matches',
    transient: false,
    exit: 1,
    explanation: 'The folder exists, but no file in it matches `file_pattern`.',
  },
  SOURCE_CHANGED: {
    title: 'The source changed while it was read',
    transient: true,
    exit: 1,
    explanation: 'A file was replaced, or a table altered, between planning and reading. Run the job again.',
  },
  SOURCE_INCOMPLETE: {
    title: 'The source ended too early',
    transient: true,
    exit: 1,
    explanation: 'A stream ended before the source said it was complete, so the unit does not count.',
  },
  SOURCE_UNAVAILABLE: {
    title: 'The source does not answer as it should',
    transient: true,
    exit: 1,
    explanation: 'Too many requests, or a fault of the service, also after several tries. Run the job again.',
  },
  SOURCE_REFUSED: {
    title: 'The source refused to be read',
    transient: false,
    exit: 1,
    explanation:
      'The service understood who asks and what for, and said no for another reason than a missing right: an archived object, a disabled account, or an address that is not that of the service.',
  },
  SNAPSHOT_LOST: {
    title: 'The snapshot of the source is gone',
    transient: false,
    exit: 1,
    explanation:
      'The connection that held the snapshot broke. Units of two points in time are never mixed: run the job again.',
  },
  QUERY_REFUSED: {
    title: 'The database refused the statement',
    transient: false,
    exit: 1,
    explanation:
      'The query or filter of the job is not valid for the database, or is not one read-only statement.',
  },
  FORMAT_INVALID: {
    title: 'The file is not what its format says',
    transient: false,
    exit: 1,
    explanation:
      'Malformed CSV, JSON or Parquet, a truncated gzip stream, or bytes that are not valid in the encoding.',
  },
  PATH_OUTSIDE: {
    title: 'A path leaves its folder',
    transient: false,
    exit: 2,
    explanation: 'A file pattern may not reach outside of the folder of its connection.',
  },
  LIMIT_EXCEEDED: {
    title: 'A safety limit was reached',
    transient: false,
    exit: 1,
    explanation:
      'A field, a row, the nesting of a JSON value or the ratio of a compressed file is beyond the bound that protects memory.',
  },
  // planning
  COLUMN_NOT_FOUND: {
    title: 'A column named in the job does not exist',
    transient: false,
    exit: 2,
    explanation:
      '`selected_columns`, `column_mapping`, `timestamp_column` or `key_columns` names no source column.',
  },
  COLUMN_COLLISION: {
    title: 'Two columns would get the same name',
    transient: false,
    exit: 2,
    explanation: 'Two source columns map to one destination column. Use `column_mapping` to tell them apart.',
  },
  TYPE_UNSUPPORTED: {
    title: 'A column cannot be converted',
    transient: false,
    exit: 2,
    explanation:
      'There is no rule from the type of the source column to the type of the destination column (docs/types.md).',
  },
  PLAN_REFUSED: {
    title: 'The job cannot be run as configured',
    transient: false,
    exit: 2,
    explanation:
      'The plan found a combination that would lose or duplicate rows. The message says which and what to change.',
  },
  DESTINATION_NOT_FOUND: {
    title: 'The destination table does not exist',
    transient: false,
    exit: 2,
    explanation: 'Set `create_table: true` to let the job create it.',
  },
  // running
  REJECTS_EXCEEDED: {
    title: 'Too many rows cannot be loaded',
    transient: false,
    exit: 1,
    explanation:
      'More rows were rejected than `rejects.max` allows. The first ones are shown; all are in the reject file.',
  },
  COUNT_MISMATCH: {
    title: 'The counts do not add up',
    transient: false,
    exit: 1,
    explanation: 'Rows extracted are not rows staged + rejected + filtered. Nothing was published.',
  },
  EMPTY_REPLACE: {
    title: 'Zero rows would empty the table',
    transient: false,
    exit: 1,
    explanation:
      'A replacing load read no rows while the table has some. Set `allow_empty: true` if that is right.',
  },
  STATE_CONFLICT: {
    title: 'The state of the job is of another source or destination',
    transient: false,
    exit: 2,
    explanation:
      'Source, `timestamp_column` or destination changed since the last load. `--adopt-state` keeps the watermark, `--fresh-state` starts again.',
  },
  LEASE_HELD: {
    title: 'Another run of the job is active',
    transient: false,
    exit: 0,
    explanation:
      'One run of a job at a time: this one ends as `skipped`, and names the other. The lease of a run that died is taken over.',
  },
  FENCED: {
    title: 'A newer run has taken over',
    transient: false,
    exit: 1,
    explanation: 'This run lost its lease and must not publish. The newer run does the work.',
  },
  DESTINATION_LOCKED: {
    title: 'The warehouse file is open in another program',
    transient: true,
    exit: 1,
    explanation: 'A DuckDB file has one writer. Close the other program (its process is named where known).',
  },
  DESTINATION_FAILED: {
    title: 'The destination refused the load',
    transient: false,
    exit: 1,
    explanation: 'The destination reported an error while rows were published. The table is as it was.',
  },
  DESTINATION_UNAVAILABLE: {
    title: 'The destination does not answer as it should',
    transient: true,
    exit: 1,
    explanation:
      'Too many requests, a fault of the service, or a broken connection, also after several tries. What was staged stays; run the job again.',
  },
  DATASET_NOT_FOUND: {
    title: 'The dataset does not exist',
    transient: false,
    exit: 1,
    explanation:
      'The project has no dataset of that name, or this login may not see it. Datasets are never created: their location and rights are for a person to choose.',
  },
  BUCKET_NOT_FOUND: {
    title: 'The bucket does not exist',
    transient: false,
    exit: 1,
    explanation: 'There is no bucket of that name, or this login may not see it. Buckets are never created.',
  },
  LOCATION_MISMATCH: {
    title: 'Bucket and dataset are in places that cannot work together',
    transient: false,
    exit: 1,
    explanation:
      'A dataset can only load from a bucket in the same location, or one that its location contains. Use another staging bucket or dataset.',
  },
  QUOTA_EXCEEDED: {
    title: 'A quota of the project is used up',
    transient: false,
    exit: 1,
    explanation:
      'The message names the quota. Waiting helps with daily ones; others can be raised in the project.',
  },
  COMMIT_UNSETTLED: {
    title: 'It is not known yet whether the rows are published',
    transient: false,
    exit: 1,
    explanation:
      'The answer of the destination was lost while rows were published, and asking again failed too. Nothing is lost and nothing will be loaded twice: the next `beamlift run`, or `beamlift runs resume`, finds out and finishes.',
  },
  NEEDS_ATTENTION: {
    title: 'A run needs a person to look at it',
    transient: false,
    exit: 1,
    explanation:
      'The destination published another number of rows than were staged, or what it did can no longer be found out. Nothing is loaded until somebody has looked: then `beamlift runs resume ID --accept` or `beamlift runs cancel ID`.',
  },
  RUNNER_UNUSABLE: {
    title: 'The runner cannot be used',
    transient: false,
    exit: 2,
    explanation:
      'What the runner needs is not there, or not of the version it must have: the Beam SDK of this installation, or the worker image of a run. The message names what was found and what is needed.',
  },
  RUNNER_FAILED: {
    title: 'The pipeline failed on its runner',
    transient: false,
    exit: 1,
    explanation:
      'The runner started the pipeline, and it ended without all work units being staged. The message has the words of the runner; its own log has more. Nothing was published.',
  },
  THREAD_LOST: {
    title: 'A thread of beamlift ended',
    transient: true,
    exit: 1,
    explanation:
      'A thread that read units ran out of memory, hung or crashed. Its units are read again on another one; when that fails as well, the run fails.',
  },
  RUN_NOT_FOUND: {
    title: 'No such run',
    transient: false,
    exit: 1,
    explanation: '`beamlift runs list` shows the runs of the run store.',
  },
  RUN_ENDED: {
    title: 'The run has ended already',
    transient: false,
    exit: 1,
    explanation:
      'Only a run that has not ended can be resumed or cancelled: one whose process died, or that needs attention. `beamlift runs show` tells how it ended.',
  },
  RUN_STORE_FAILED: {
    title: 'The run store cannot be used',
    transient: false,
    exit: 1,
    explanation:
      'The history of runs could not be opened or written. It holds no truth: loading goes on without it.',
  },
  TIMED_OUT: {
    title: 'The run reached its timeout',
    transient: false,
    exit: 124,
    explanation: '`timeout` (or `--timeout`) was reached. Nothing was published; run again, or raise it.',
  },
  CANCELLED: {
    title: 'The run was interrupted',
    transient: false,
    exit: 130,
    explanation: 'SIGINT or SIGTERM. Nothing was published, staged files were removed.',
  },
  INTERNAL: {
    title: 'A defect in beamlift',
    transient: false,
    exit: 1,
    explanation: 'This should not happen. Please report it with the message and the run id.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

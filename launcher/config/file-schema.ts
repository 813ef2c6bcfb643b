import { z } from 'zod';
import { optionalKey } from './described-key';

export const DEFAULT_THRESHOLD_ROWS = 1_000_000;
export const DEFAULT_RUN_STORE_FILE = '.beamlift/runs.db';

const largeRunnerSchema = z.enum(['in-process', 'dataflow', 'portable']);
export type LargeRunner = z.infer<typeof largeRunnerSchema>;

export const runnersSchema = z.strictObject({
  threshold_rows: optionalKey(z.int().min(1), {
    description: 'A job with so many rows or more counts as large.',
    default: DEFAULT_THRESHOLD_ROWS,
  }),
  large: optionalKey(largeRunnerSchema, {
    description:
      'What runs large jobs, where its workers can; `dataflow` and `portable` are described under their names.',
    default: 'in-process',
  }),
});

/** Descriptions of the top-level keys, in the order of a file. */
export const FILE_KEYS = {
  connections: {
    description:
      'Where rows come from: a name of your choice, and the fields of its `source_type` (or `type`), or a `url`.',
  },
  destinations: {
    description: 'Where rows go: a name of your choice, and the fields of its `type`, or a `url`.',
  },
  defaults: {
    description:
      'Job keys that hold for all jobs which do not say otherwise. Mappings are merged key by key. A key that does not fit a job (such as `timestamp_column` for files) is left out for it.',
  },
  jobs: { description: 'What is loaded: a name of your choice, and the keys of the job.' },
  runners: { description: 'Which runner takes which jobs.' },
  run_store: {
    description:
      'Where the history of runs is kept: `sqlite:` and a path, `postgres://user@host/database?schema=…`, or `gs://bucket/prefix`; or a mapping, see [Run stores](#run-stores). Losing it loses no data. It also keeps the connections of `beamlift connections`.',
    default: `sqlite:${DEFAULT_RUN_STORE_FILE}`,
  },
} as const;

/** `source_type`, `type` and `url` of a connection, or `type` and `url` of a destination. */
export const ENDPOINT_KEYS = {
  source_type: 'The kind of source.',
  type: 'The kind of source or destination; of a connection, another word for `source_type`.',
  url: 'Instead of fields: all of them as a URL; of connections and destinations, as `beamlift run --from` and `--to` take it.',
} as const;

/** Names of connections, destinations and jobs: they become parts of state, file names and command lines. */
export const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}$/u;
export const NAME_RULE =
  'a name has up to 100 letters, digits, _ . and -, and begins with a letter, a digit or _';

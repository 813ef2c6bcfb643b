import path from 'node:path';
import {
  gcsRunStoreSchema,
  postgresRunStoreSchema,
  type RunStoreSpec,
  sqliteRunStoreSchema,
} from '../runs/run-store-spec';
import { typeText } from './schema-problems';
import { DEFAULT_RUN_STORE_FILE } from './file-schema';
import { type EndpointContext, isMapping, readEndpoint } from './read-endpoint';
import { RUN_STORE_ROLE } from './run-store-role';

const KEY = 'run_store';

/** Where runs are kept that no configuration says it for. */
export function defaultRunStore(baseFolder: string): RunStoreSpec {
  return { type: 'sqlite', config: { path: path.resolve(baseFolder, DEFAULT_RUN_STORE_FILE) } };
}

/** `run_store`: a URL, or the fields of a kind, or a `url` with more fields. Undefined: there were problems, which are in the list. */
export function readRunStore(value: unknown, context: EndpointContext): RunStoreSpec | undefined {
  const alone = typeof value === 'string';
  if (!alone && !isMapping(value)) {
    context.problems.add([KEY], typeText('string', value));
    return undefined;
  }
  const written = { name: KEY, raw: alone ? { url: value } : value, path: [KEY] };
  const read = readEndpoint({ ...written, ...(alone ? { urlPath: [KEY] } : {}) }, RUN_STORE_ROLE, context);
  if (read === undefined) return undefined;
  const { type, config } = read.named;
  switch (type) {
    case 'postgresql':
      return { type, config: postgresRunStoreSchema.parse(config) };
    case 'gcs':
      return { type, config: gcsRunStoreSchema.parse(config) };
    default:
      return { type: 'sqlite', config: sqliteRunStoreSchema.parse(config) };
  }
}

import type { ObjectClient } from '../../../core/clients/object-client';
import { BeamliftError } from '../../../core/errors';
import type { DiscoveredObject, SourceModule, SourceServices } from '../../../core/extractor';
import type { JsonObject } from '../../../core/plan';
import { FoundFolders } from '../found-folders';
import { FileExtractor } from '../file-extractor';
import { compilePattern } from '../glob';
import { readerOfFormat } from '../reader-of-format';
import { bucketStore } from './bucket-store';
import { checkBucket } from './check-bucket';
import { folderPrefix } from './folder-prefix';
import { OpenedAtFirstUse } from './opened-at-first-use';

/** What object stores are told apart by. */
export interface BucketKind<Type extends string> extends Omit<
  SourceModule<Type>,
  'category' | 'open' | 'check' | 'discover'
> {
  /** Where the connection's files are: for messages (`s3://bucket`), and the beginning of their keys, as the connection has it. */
  readonly place: (connection: JsonObject) => { readonly location: string; readonly prefix: string };
  /** Resolves secrets and makes a client; no request is needed. Called at the first use. */
  readonly openClient: (
    connection: JsonObject,
    services: SourceServices,
    signal: AbortSignal,
  ) => Promise<ObjectClient>;
}

/** A source of files in an object store. */
export function bucketSource<const Type extends string>(kind: BucketKind<Type>): SourceModule<Type> {
  const { place, openClient, ...module } = kind;

  const openStore = (connection: JsonObject, services: SourceServices): ReturnType<typeof bucketStore> => {
    const { location, prefix } = place(connection);
    const client = new OpenedAtFirstUse(location, (signal) => openClient(connection, services, signal));
    return bucketStore(client, prefix);
  };

  return {
    ...module,
    category: 'files',

    open(source, services) {
      const { object } = source;
      if (object.kind !== 'files') {
        return Promise.reject(
          new BeamliftError('PLAN_REFUSED', {
            what: 'A bucket has neither tables nor queries.',
            where: { connection: source.connectionName },
            hint: 'Write `file_pattern` and `file_format` in the job.',
          }),
        );
      }
      const reader = readerOfFormat(object);
      compilePattern(object.pattern);
      const store = openStore(source.connection, services);
      return Promise.resolve(new FileExtractor(store, object.pattern, reader, services.log));
    },

    check: async (connection, services, signal) =>
      await checkBucket(
        (openSignal) => openClient(connection, services, openSignal),
        folderPrefix(place(connection).prefix),
        signal,
      ),

    /** Files below the prefix; `filter` is a file pattern. */
    async discover(
      connection,
      services,
      filter,
      signal,
      { most = Number.POSITIVE_INFINITY, foldersBelow } = {},
    ): Promise<DiscoveredObject[]> {
      const store = openStore(connection, services);
      try {
        const found = new FoundFolders(foldersBelow);
        for await (const { uri, bytes } of store.find(filter ?? '', signal)) {
          found.add({ kind: 'file', name: uri, schema: undefined, table: uri, rows: null, bytes });
          // A folder is told with all of its files: the one that is one too many is left out.
          if (found.entries > most) break;
        }
        return found.result().slice(0, most);
      } finally {
        await store.close?.();
      }
    },
  };
}

import type { ObjectClient } from '../../../core/clients/object-client';
import type { ObjectStore } from '../object-store';
import { folderPrefix } from './folder-prefix';
import { ObjectListing } from './list-objects';
import { ObjectContent } from './object-content';

/**
 * A bucket or container as a store of files: those whose keys begin with `prefix`, named by the rest of their keys. Patterns mean the same
 * as in a folder of this machine, hidden names included. Empty objects that end with `/` are left out. `close` closes the client.
 */
export function bucketStore(
  client: ObjectClient,
  prefix: string,
): ObjectStore & Required<Pick<ObjectStore, 'find'>> {
  const folder = folderPrefix(prefix);
  return {
    list: (pattern, signal) => new ObjectListing(client, folder, signal).list(pattern),
    find: (pattern, signal) => new ObjectListing(client, folder, signal).find(pattern),
    content: (entry) => new ObjectContent(client, folder, entry),
    close: () => client.close(),
  };
}

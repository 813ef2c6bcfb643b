/** Where a thread that runs units begins. */
import { parentPort, workerData } from 'node:worker_threads';
import { readBundle } from '../../core/clients/bundle-file';
import { lazyModules, useBundle } from '../../core/lazy-modules';
import type * as ThreadEndModule from './thread-end';
import type { ThreadStart } from './thread-services';

if (parentPort !== null) {
  const { birth, bundle } = workerData as ThreadStart;
  useBundle(bundle, readBundle);
  const load = lazyModules(__filename);
  const { ThreadEnd } = load('./thread-end') as typeof ThreadEndModule;
  new ThreadEnd(parentPort, birth);
}

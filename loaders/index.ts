import { lazyModules } from '../core/lazy-modules';
import type { DestinationModule } from '../core/loader';
import type * as BigQuery from './bigquery/bigquery-destination';
import { destinationLoadedLater } from './destination-loaded-later';
import type * as Duckdb from './duckdb/duckdb-destination';

const load = lazyModules(__filename);

/** Every kind of destination. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const DESTINATIONS = [
  destinationLoadedLater(
    // A path that ends in .duckdb is one, too.
    { type: 'duckdb', embedded: true, urls: /^duckdb:|\.duckdb$/i },
    () => (load('./duckdb/duckdb-destination') as typeof Duckdb).duckdb,
  ),
  destinationLoadedLater(
    { type: 'bigquery', embedded: false, urls: /^bigquery:/i },
    () => (load('./bigquery/bigquery-destination') as typeof BigQuery).bigquery,
  ),
] as const satisfies readonly DestinationModule[];

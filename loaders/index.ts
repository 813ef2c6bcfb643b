import type { DestinationModule } from '../core/loader';
import { bigquery } from './bigquery/bigquery-destination';
import { duckdb } from './duckdb/duckdb-destination';

/** Every kind of destination. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const DESTINATIONS = [duckdb, bigquery] as const satisfies readonly DestinationModule[];

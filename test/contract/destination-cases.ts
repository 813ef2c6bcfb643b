import { prepareBigqueryDestination } from './bigquery-destination';
import type { DestinationCase } from './destination-contract';
import { prepareDuckdbDestination } from './duckdb-destination';

/** How the contract suite gets at each kind of destination, by its type. A destination without a case here fails the suite. */
export const DESTINATION_CASES: Readonly<Record<string, DestinationCase>> = {
  bigquery: { selfContained: false, prepare: prepareBigqueryDestination },
  duckdb: { selfContained: true, prepare: prepareDuckdbDestination },
};

import type { DestinationModule } from '../core/loader';

/** Every kind of destination. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const DESTINATIONS = [] as const satisfies readonly DestinationModule[];

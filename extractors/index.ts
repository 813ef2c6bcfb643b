import type { SourceModule } from '../core/extractor';

/** Every kind of source. A new one is a module and an entry here; config, help, docs and the contract suite follow. */
export const SOURCES = [] as const satisfies readonly SourceModule[];

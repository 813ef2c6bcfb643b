import type { SourceServices } from '../../core/extractor';

/** What opening a run store needs besides its configuration. `signal` ends what is read; what is written has a time of its own. */
export interface RunStoreServices extends SourceServices {
  readonly signal: AbortSignal;
}

import type { LogLevel } from '../../core/logger';
import type { SentError } from './sent-error';

/**
 * What a thread is told. Contexts, units and manifests travel as JSON and are parsed where they arrive, as they are between machines:
 * a structured clone would turn records without a prototype into ones with it.
 */
export type ThreadOrder =
  /** A run whose units come; once for each thread. */
  | { readonly kind: 'context'; readonly context: number; readonly json: string }
  /** One attempt at a unit. Answered by `staged` or `failed`. */
  | {
      readonly kind: 'stage';
      readonly call: number;
      readonly context: number;
      readonly unit: string;
      readonly attempt: number;
      readonly resumed: boolean;
    }
  /** The call is no longer wanted; it is still answered, as soon as its work has stopped. */
  | { readonly kind: 'abort'; readonly call: number }
  /** No more units of that run: what is open for it is closed. No answer. */
  | { readonly kind: 'forget'; readonly context: number }
  /** Everything is closed, and the thread ends. */
  | { readonly kind: 'end' };

export type ThreadReport =
  /** Its code is loaded. */
  | { readonly kind: 'ready' }
  /** Since the last such report of the call. */
  | {
      readonly kind: 'progress';
      readonly call: number;
      readonly rows: number;
      readonly sourceBytes: number;
      readonly stagedBytes: number;
    }
  /** It has heard that the call is no longer wanted. */
  | { readonly kind: 'aborting'; readonly call: number }
  | { readonly kind: 'staged'; readonly call: number; readonly manifest: string }
  | { readonly kind: 'failed'; readonly call: number; readonly error: SentError }
  /** An error that nobody caught: the thread ends. */
  | { readonly kind: 'broken'; readonly error: SentError }
  /** `fields`: a JSON object. */
  | { readonly kind: 'log'; readonly level: LogLevel; readonly event: string; readonly fields: string };

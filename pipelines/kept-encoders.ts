import type { RunContext } from '../core/plan';
import type { RawRowsEncoder } from './raw-rows';
import type { RowBlocks } from './row-blocks';

/** What rows of a unit are encoded with, and those of the next one can be. */
export interface RowEncoder {
  /** Empty between units. */
  readonly blocks: RowBlocks;
  /** Undefined: no row has come undecoded yet. */
  readonly raw: RawRowsEncoder | undefined;
}

/**
 * Encoders of units that are done, for the next ones of the same run. A codec that is compiled for each unit is optimised by the engine
 * for each unit again, or not at all: with units of 50,000 rows that was a tenth of all time (measured).
 */
export class KeptEncoders {
  private readonly idle = new WeakMap<RunContext, RowEncoder[]>();

  /** Undefined: all are in use. */
  take(context: RunContext): RowEncoder | undefined {
    return this.idle.get(context)?.pop();
  }

  /** Only after the last row of a unit was encoded: what is left of a unit that failed belongs to no other. */
  giveBack(context: RunContext, encoder: RowEncoder): void {
    const others = this.idle.get(context);
    if (others === undefined) this.idle.set(context, [encoder]);
    else others.push(encoder);
  }
}

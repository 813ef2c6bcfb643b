import { BeamliftError } from '../../../core/errors';
import type { Operation } from './fault-plan';
import type { Wire } from './wire';

/** Requests of one call, in all. */
const ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;

/** What both clients do about answers that do not come: ask again some times, then give up. */
export class ModelClient {
  constructor(
    protected readonly wire: Wire,
    private readonly service: string,
  ) {}

  /**
   * The server's answer to a request that may be made again. `unclear` tells that an earlier one may have been served too.
   * Throws DESTINATION_UNAVAILABLE and RIGHTS_MISSING.
   */
  protected async ask<Value>(
    operation: Operation,
    target: string,
    signal: AbortSignal,
    effect: () => Value,
  ): Promise<{ readonly value: Value; readonly unclear: boolean }> {
    let unclear = false;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.wire.send(operation, target, signal, effect);
      if (answer.kind === 'answered') return { value: answer.value, unclear };
      if (answer.kind === 'status' && answer.status === 403)
        throw this.failure('RIGHTS_MISSING', operation, target);
      if (answer.kind !== 'status' || answer.status === 503) unclear = true;
      if (attempt === ATTEMPTS) throw this.failure('DESTINATION_UNAVAILABLE', operation, target);
      await this.wire.process.clock.sleep(FIRST_DELAY_MS * 2 ** attempt, signal);
    }
  }

  protected failure(
    code: 'RIGHTS_MISSING' | 'DESTINATION_UNAVAILABLE',
    operation: string,
    target: string,
  ): BeamliftError {
    const what = code === 'RIGHTS_MISSING' ? 'refused' : 'did not answer';
    return new BeamliftError(code, { what: `${this.service} ${what}: ${operation} ${target}` });
  }
}

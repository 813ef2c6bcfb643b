import '../sdk-entry';
import { Writer } from 'protobufjs';
import { operatorClass } from '../sdk-operators';
import { replaceMethod } from './replace-method';

export const SINK_URN = 'beam:runner:sink:v1';

/** What the repair uses of the SDK's DataSinkOperator. */
interface Sink {
  buffer: Writer;
  readonly channel: { sendData(data: Uint8Array): Promise<void> };
}

/**
 * `worker/operators.js:348`, DataSinkOperator.flush: the buffer is replaced by an empty one only after the sending was awaited. A
 * synchronous step before it (Create's, of all things) writes on meanwhile, and each of its elements beyond 1 MB sends the whole buffer
 * again: a run of 40 units had 630 of them, and succeeded.
 */
export function repairSinkFlush(): void {
  replaceMethod<Sink, [], Promise<void>>(
    operatorClass(SINK_URN).prototype,
    'flush',
    () =>
      async function () {
        if (this.buffer.len === 0) return;
        const full = this.buffer;
        this.buffer = new Writer();
        await this.channel.sendData(full.finish());
      },
  );
}

import '../sdk-entry';
import { MultiplexingDataChannel, type IDataChannel } from 'apache-beam/worker/data';
import { replaceMethod } from './replace-method';

/**
 * `worker/data.js:129`, MultiplexingDataChannel: each message of the data stream is handled by an asynchronous function that nobody
 * waits for. A message that comes while elements of an earlier one are under way is handled beside it, and its end marker closes the
 * bundle before they are done: elements are lost, or the runner waits for ever (Prism, from 2 MB of input on).
 * Repaired: what a consumer is given is done in the order in which it came, one after another. And `:109` prints each error that a
 * consumer is told of, which is the bundle's to tell.
 */
export function repairDataOrder(): void {
  replaceMethod<MultiplexingDataChannel, [string, string, IDataChannel], Promise<void>>(
    MultiplexingDataChannel.prototype,
    'registerConsumer',
    () =>
      async function (bundleId, transformId, consumer) {
        const ofBundle = this.consumers.get(bundleId) ?? new Map<string, IDataChannel>();
        this.consumers.set(bundleId, ofBundle);
        const inOrder = oneAfterAnother(consumer);
        const early = ofBundle.get(transformId);
        if (early !== undefined && isBuffer(early)) await early.flush(inOrder);
        ofBundle.set(transformId, inOrder);
      },
  );
}

/** Where the SDK keeps what comes before the bundle has started. */
interface Buffer extends IDataChannel {
  flush(consumer: IDataChannel): Promise<void>;
}

function isBuffer(channel: IDataChannel): channel is Buffer {
  return 'flush' in channel;
}

/** The consumer behind a queue. After its first failure it is given nothing more: the bundle has failed. */
function oneAfterAnother(consumer: IDataChannel): IDataChannel {
  let last: Promise<void> = Promise.resolve();
  let failed = false;
  const next = async (work: () => Promise<void> | void): Promise<void> => {
    const done = last.then(async () => {
      if (!failed) await work();
    });
    last = done.catch(() => {
      failed = true;
    });
    await done;
  };
  return {
    sendData: async (data) => await next(async () => await consumer.sendData(data)),
    sendTimers: async (family, timers) => await next(async () => await consumer.sendTimers(family, timers)),
    close: () => {
      next(() => consumer.close()).catch((error: unknown) => consumer.onError(error));
    },
    onError: (error) => {
      failed = true;
      consumer.onError(error);
    },
  };
}

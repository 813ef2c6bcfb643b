import '../sdk-entry';
import { MultiplexingDataChannel, type IDataChannel } from 'apache-beam/worker/data';
import { replaceMethod } from './replace-method';

/**
 * `worker/data.js:129`, MultiplexingDataChannel: each message of the data stream is handled by an asynchronous function that nobody
 * waits for. A message that comes while elements of an earlier one are under way is handled beside it, and its end marker closes the
 * bundle before they are done: elements are lost, or the runner waits for ever (Prism, from 2 MB of input on).
 * Repaired: what a consumer is given is done in the order in which it came, one after another.
 */
export function repairDataOrder(): void {
  replaceMethod<MultiplexingDataChannel, [string, string, IDataChannel], Promise<void>>(
    MultiplexingDataChannel.prototype,
    'registerConsumer',
    (register) =>
      async function (bundleId, transformId, consumer) {
        await register.call(this, bundleId, transformId, oneAfterAnother(consumer));
      },
  );
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

import '../sdk-entry';
import { Reader, Writer } from 'protobufjs';
import { COUNTER_URN, DISTRIBUTION_URN, metricCell, prototypeOf } from './metric-cells';
import { replaceMethod } from './replace-method';

interface Counter {
  value: number;
}
interface Distribution {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/**
 * `worker/metrics.js:110`: counters have a coder of 32 bits: 2^32 bytes staged are sent as none, and 2^31 are read back as less than none.
 * `worker/metrics.js:152`: a distribution is written as an iterable, with its length in front; the protocol wants four varints in a row,
 * and runners read nonsense or fail. Repaired: 64 bits, and no length.
 */
export function repairMetricEncoding(): void {
  const counter = prototypeOf(metricCell(COUNTER_URN).value);
  replaceMethod<Counter, [], Uint8Array>(
    counter,
    'payload',
    () =>
      function () {
        return encode(this.value);
      },
  );
  replaceMethod<Counter, [Uint8Array], unknown>(
    counter,
    'loadFromPayload',
    () =>
      function (payload) {
        [this.value] = decode(payload, 1) as [number];
      },
  );
  const distribution = prototypeOf(metricCell(DISTRIBUTION_URN).value);
  replaceMethod<Distribution, [], Uint8Array>(
    distribution,
    'payload',
    () =>
      function () {
        return encode(this.count, this.sum, this.min, this.max);
      },
  );
  replaceMethod<Distribution, [Uint8Array], unknown>(
    distribution,
    'loadFromPayload',
    () =>
      function (payload) {
        [this.count, this.sum, this.min, this.max] = decode(payload, 4) as [number, number, number, number];
      },
  );
}

function encode(...numbers: number[]): Uint8Array {
  const writer = new Writer();
  for (const number of numbers) writer.int64(number);
  return writer.finish();
}

function decode(payload: Uint8Array, count: number): number[] {
  const reader = new Reader(payload);
  return Array.from({ length: count }, () => Number(reader.int64()));
}

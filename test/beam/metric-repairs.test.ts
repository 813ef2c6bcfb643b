import assert from 'node:assert/strict';
import '../../pipelines/beam/sdk-entry';
import { Reader } from 'protobufjs';
import { applySdkRepairs } from '../../pipelines/beam/repairs/apply-sdk-repairs';
import {
  COUNTER_URN,
  DISTRIBUTION_URN,
  metricCell,
  prototypeOf,
} from '../../pipelines/beam/repairs/metric-cells';
import { takeBack } from '../../pipelines/beam/repairs/replace-method';

/** What a runner is sent for a metric with these values. */
function sent(urn: string, ...values: number[]): Uint8Array {
  const cell = metricCell(urn);
  for (const value of values) cell.update(value);
  return cell.value.payload();
}

function varints(payload: Uint8Array): number[] {
  const reader = new Reader(payload);
  const numbers: number[] = [];
  while (reader.pos < reader.len) numbers.push(Number(reader.int64()));
  return numbers;
}

describe('metrics of the repaired SDK', () => {
  before(applySdkRepairs);

  it('have the labels of the protocol (metrics.js:220, 223)', () => {
    const labels = (): Record<string, string> => metricCell(COUNTER_URN).toEmptyMonitoringInfo().labels;
    assert.deepEqual(labels(), { NAME: 'name', NAMESPACE: 'beamlift', PTRANSFORM: 'transform' });
    const putBack = takeBack(prototypeOf(metricCell(COUNTER_URN)), 'toEmptyMonitoringInfo');
    try {
      assert.deepEqual(labels(), { NAME: 'name', NAMESPACE: '', TRANSFORM: 'transform' });
    } finally {
      putBack();
    }
  });

  it('count beyond 32 bits (metrics.js:110)', () => {
    const counted = [2 ** 31, 3_000_000_000, Number.MAX_SAFE_INTEGER, 0, 127, -1];
    for (const value of counted) assert.deepEqual(varints(sent(COUNTER_URN, value)), [value]);
    const counter = prototypeOf(metricCell(COUNTER_URN).value);
    const putBack = takeBack(counter, 'payload');
    try {
      assert.deepEqual(varints(sent(COUNTER_URN, 2 ** 32 + 5)), [5]);
    } finally {
      putBack();
    }
  });

  it('write a distribution as four numbers in a row (metrics.js:152)', () => {
    assert.deepEqual(
      varints(sent(DISTRIBUTION_URN, 4, 2, 3_000_000_000)),
      [3, 3_000_000_006, 2, 3_000_000_000],
    );
    const distribution = prototypeOf(metricCell(DISTRIBUTION_URN).value);
    const putBack = takeBack(distribution, 'payload');
    try {
      assert.notEqual(varints(sent(DISTRIBUTION_URN, 4, 2)).length, 4);
    } finally {
      putBack();
    }
  });

  it('are read back as they were written', () => {
    for (const urn of [COUNTER_URN, DISTRIBUTION_URN]) {
      const written = metricCell(urn);
      written.update(5_000_000_000);
      written.update(7);
      const read = metricCell(urn);
      read.value.loadFromPayload(written.value.payload());
      assert.deepEqual(read.value.extract(), written.value.extract());
    }
  });
});

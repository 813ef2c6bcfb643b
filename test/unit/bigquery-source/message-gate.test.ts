import assert from 'node:assert/strict';
import { MessageGate } from '../../../core/clients/message-gate';

describe('message gate', () => {
  const arrivals = (gate: MessageGate, count: number): string[] => {
    const passed: string[] = [];
    for (let index = 1; index <= count; index++) void gate.wait().then(() => passed.push(String(index)));
    return passed;
  };
  const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

  it('lets one message through for each time it is opened, whoever comes first', async () => {
    const gate = new MessageGate();
    gate.open();
    const passed = arrivals(gate, 3);
    await settled();
    assert.deepEqual(passed, ['1']);
    gate.open();
    await settled();
    assert.deepEqual(passed, ['1', '2']);
  });

  it('lets all through when nobody reads any longer', async () => {
    const gate = new MessageGate();
    const passed = arrivals(gate, 3);
    gate.openForGood();
    await gate.wait();
    await settled();
    assert.deepEqual(passed, ['1', '2', '3']);
  });
});

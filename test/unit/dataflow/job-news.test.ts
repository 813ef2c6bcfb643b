import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { DataflowMessage, DataflowNews } from '../../../core/clients/dataflow-api';
import { jobCounters } from '../../../pipelines/beam/dataflow/job-counters';
import { JobNews } from '../../../pipelines/beam/dataflow/job-news';
import { Told } from '../../dataflow-stand-in/told';

function message(seconds: number, text: string, importance = 'BASIC', id = ''): DataflowMessage {
  const time = new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
  return { key: JSON.stringify([id, time, text]), time, importance: `JOB_MESSAGE_${importance}`, text };
}

function news(...messages: DataflowMessage[]): DataflowNews {
  return { messages, scaling: [] };
}

describe('news of a Dataflow job', () => {
  it('are told once, also when answers overlap and come in any order', () => {
    const all = Array.from({ length: 30 }, (_, index) => message(index * 7, `line ${index}`));
    fc.assert(
      fc.property(fc.array(fc.subarray(all), { maxLength: 10 }), (answers) => {
        const told = new Told();
        const found = new JobNews(told.listener);
        for (const answer of [...answers, all]) found.messages(news(...answer));
        assert.deepEqual([...told.messages].sort(), all.map(({ text }) => `info: ${text}`).sort());
      }),
      { numRuns: 50 },
    );
  });

  it('are asked for from before the newest on, since messages come late', () => {
    const found = new JobNews(() => undefined);
    assert.equal(found.since, undefined);
    found.messages(news(message(3600, 'a')));
    assert.equal(found.since, '2026-01-01T00:55:00.000Z');
    found.messages(news(message(3000, 'older')));
    assert.equal(found.since, '2026-01-01T00:55:00.000Z');
  });

  it('keep the errors in the order of their times', () => {
    const found = new JobNews(() => undefined);
    found.messages(news(message(20, 'second', 'ERROR')));
    found.messages(news(message(10, 'first', 'ERROR'), message(30, 'no error', 'WARNING')));
    assert.deepEqual(found.errorTexts, ['first', 'second']);
  });

  it('say how many workers there are, in the order of time', () => {
    const told = new Told();
    const found = new JobNews(told.listener);
    const scaling = (seconds: number, current?: number, target?: number): DataflowNews => ({
      messages: [],
      scaling: [{ time: message(seconds, '').time, current, target }],
    });
    found.messages(scaling(10, undefined, 4));
    found.messages(scaling(20, 4));
    found.messages(scaling(15, 1));
    found.messages(scaling(20, 4));
    found.messages(
      news(
        message(
          30,
          'Autoscaling: Reduced the number of workers to 2 based on low average worker CPU utilization.',
        ),
      ),
    );
    assert.deepEqual(told.workers, ['? of 4', '4 of 4', '4 of 2']);
  });
});

describe('counters of a Dataflow job', () => {
  const counter = (step: string, name: string, value: number, tentative: boolean) => ({
    step,
    name,
    value,
    tentative,
  });

  it('are the attempted ones while it runs and the committed ones in the end', () => {
    const counters = [
      counter('s1', 'rows', 10, true),
      counter('s1', 'rows', 7, false),
      counter('s2', 'rows', 100, true),
      counter('s2', 'units', 3, false),
    ];
    assert.deepEqual(
      [...jobCounters(counters, false)],
      [
        ['rows', 110],
        ['units', 3],
      ],
    );
    assert.deepEqual(
      [...jobCounters(counters, true)],
      [
        ['rows', 107],
        ['units', 3],
      ],
    );
    assert.deepEqual([...jobCounters(counters.toReversed(), true)].sort(), [
      ['rows', 107],
      ['units', 3],
    ]);
  });

  it('may have any name', () => {
    const named = jobCounters(
      [counter('__proto__', '__proto__', 2, false), counter('', 'constructor', 1, true)],
      true,
    );
    assert.deepEqual(
      [...named],
      [
        ['__proto__', 2],
        ['constructor', 1],
      ],
    );
  });
});

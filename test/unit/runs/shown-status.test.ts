import assert from 'node:assert/strict';
import { shownStatus } from '../../../launcher/runs/shown-status';
import type { ProcessIdentity } from '../../../loaders/process-identity';
import { runRecord } from '../../contract/run-store';

const running = (report: ReturnType<typeof runRecord>['report']) =>
  runRecord('a', { status: 'running', report });
const at = (pid: number, host = 'here') => running({ process: { host, pid, started: null } });
const isRunning = ({ host, pid }: ProcessIdentity) => (host === 'here' ? pid === 11 : 'unknown');

describe('the status of a running run', () => {
  const cases: [string, ReturnType<typeof runRecord>, string][] = [
    ['its process is there', at(11), 'running'],
    ['its process is gone', at(12), 'running (lost)'],
    ['another machine', at(12, 'db9'), 'running on db9'],
    ['no report', running(null), 'running'],
    ['a report of another shape', running({ process: ['x'] }), 'running'],
    ['a process of another shape', running({ process: { pid: 'x', host: 'here' } }), 'running'],
  ];
  for (const [name, record, shown] of cases) {
    it(`${name}: ${shown}`, () => assert.equal(shownStatus(record, isRunning), shown));
  }

  it('asks nothing about a run that has ended', () => {
    const ended = runRecord('a', { status: 'failure', report: at(11).report });
    assert.equal(
      shownStatus(ended, () => assert.fail()),
      'failure',
    );
  });
});

import assert from 'node:assert/strict';
import { livenessOf, shownStatus } from '../../../launcher/runs/liveness';
import { runRecord } from '../../contract/run-store';

const SELF = { pid: 10, machine: 'here' };
const running = (report: ReturnType<typeof runRecord>['report']) =>
  runRecord('a', { status: 'running', report });
const alive = (pid: number) => pid === 10 || pid === 11;

describe('liveness of a running run', () => {
  const cases: [string, ReturnType<typeof runRecord>, string, string][] = [
    ['its process is there', running({ process: { pid: 11, machine: 'here' } }), 'alive', 'running'],
    ['its process is gone', running({ process: { pid: 12, machine: 'here' } }), 'lost', 'running (lost)'],
    ['its id is now mine', running({ process: { pid: 10, machine: 'here' } }), 'lost', 'running (lost)'],
    ['another machine', running({ process: { pid: 12, machine: 'db9' } }), 'unknown', 'running on db9'],
    ['no report', running(null), 'unknown', 'running'],
    ['a report of another shape', running({ process: ['x'] }), 'unknown', 'running'],
    ['a process of another shape', running({ process: { pid: 'x', machine: 'here' } }), 'unknown', 'running'],
  ];
  for (const [name, record, liveness, shown] of cases) {
    it(`${name}: ${shown}`, () => {
      assert.equal(livenessOf(record, SELF, alive), liveness);
      assert.equal(shownStatus(record, SELF, alive), shown);
    });
  }

  it('asks nothing about a run that has ended', () => {
    assert.equal(
      shownStatus(runRecord('a', { status: 'failure' }), SELF, () => assert.fail()),
      'failure',
    );
  });
});

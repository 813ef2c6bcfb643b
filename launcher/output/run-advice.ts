import { quoteArgument } from '../invocation';
import type { RunRecord } from '../runs/run-store';
import { printableLine } from './printable';
import { renderPairs } from './table';

/** How the user called the program, for lines to type next. */
export interface Invocation {
  readonly program: string;
  /** As given with `-f`. */
  readonly file: string | undefined;
}

/** Runs that are told below a list; `runs list --status needs_attention` has all of them. */
const MAX_TOLD = 5;

/** Lists the files of a run. */
export function lineForFiles(invocation: Invocation, id: string): string {
  return line(invocation, 'runs', 'files', '--run', id);
}

/** Lines below a list of runs: those that wait for a person. */
export function adviceForList(records: readonly RunRecord[], invocation: Invocation): string[] {
  return records
    .filter((record) => record.status === 'needs_attention')
    .slice(0, MAX_TOLD)
    .map(({ id }) => `Run ${printableLine(id)} needs attention: ${line(invocation, 'runs', 'show', id)}`);
}

/** What to do about a run that has not ended well, each way with its line to type; empty: nothing. `status`: as it is shown. */
export function adviceFor(record: RunRecord, status: string, invocation: Invocation): string[] {
  const { id, job } = record;
  const resume = line(invocation, 'runs', 'resume', id);
  const cancel = line(invocation, 'runs', 'cancel', id);
  if (record.status === 'needs_attention') {
    return [
      'This run needs a person: look at the table. The job does not run until one of these is done:',
      ...renderPairs([
        ['its rows are right', line(invocation, 'runs', 'resume', id, '--accept')],
        ['they are not', `correct the table, then ${cancel}`],
      ]),
    ];
  }
  if (status === 'running (lost)') {
    return [
      'Its process is gone. What it left is finished or removed when the job runs again:',
      ...renderPairs([
        ['run the job', line(invocation, 'run', job)],
        ['finish this run alone', resume],
        ['end it unpublished', cancel],
      ]),
    ];
  }
  if (status === 'running (detached)') {
    return [
      'Its pipeline goes on by itself. What it leaves to do is done when the job runs again:',
      ...renderPairs([
        ['watch it to its end', resume],
        ['stop it', cancel],
      ]),
    ];
  }
  if (record.status === 'running') return [];
  if (errorCode(record) !== 'COMMIT_UNSETTLED') return [];
  return [
    'Whether its rows are published is not known yet. One of these finds out:',
    ...renderPairs([
      ['finish this run alone', resume],
      ['run the job', line(invocation, 'run', job)],
    ]),
  ];
}

function errorCode({ report }: RunRecord): unknown {
  const error = report?.['error'];
  return typeof error === 'object' && error !== null && !Array.isArray(error) ? error['code'] : undefined;
}

function line({ program, file }: Invocation, ...words: string[]): string {
  const flags = file === undefined ? [] : ['-f', quoteArgument(file)];
  return printableLine([program, ...words.map(quoteArgument), ...flags].join(' '));
}

import { BeamliftError } from '../../core/errors';
import { receiveError, type SentError } from './sent-error';

const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';

/** Why a thread is gone, as its units' error. `heapMb`: what its heap was limited to. */
export function outOfThread(error: Error, heapMb: number | undefined): BeamliftError {
  if ('code' in error && error.code === OUT_OF_MEMORY) {
    return new BeamliftError('THREAD_LOST', {
      what: 'A thread that read units ran out of memory',
      ...(heapMb === undefined ? {} : { why: `Its heap may have ${heapMb} MB.` }),
      hint: 'Run fewer units at once, or give the process more memory. A single huge value may need it as well.',
    });
  }
  return new BeamliftError('THREAD_LOST', {
    what: 'A thread that read units could not go on',
    why: error.message,
    cause: error,
  });
}

export function brokenThread(sent: SentError): BeamliftError {
  const error = receiveError(sent);
  return new BeamliftError('THREAD_LOST', {
    what: 'A thread that read units ended with an error that nothing had caught',
    why: error.what,
    hint: 'Please report this: it is a defect in beamlift, or in a driver.',
    cause: error,
  });
}

export function endedThread(exitCode: number): BeamliftError {
  return new BeamliftError('THREAD_LOST', {
    what: 'A thread that read units ended by itself',
    why: `Its exit code is ${exitCode}.`,
  });
}

/** `waitedMs`: how long it did not react. */
export function hungThread(waitedMs: number): BeamliftError {
  return new BeamliftError('THREAD_LOST', {
    what: 'A thread that read units hung and was stopped',
    why: `It was told to stop a unit, and did not within ${waitedMs / 1000} s.`,
  });
}

import { ERROR_CODES } from '../core/error-codes';
import type { BeamliftError } from '../core/errors';
import type { RunReport } from './report';

/** The exit codes of the program. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  rejects: 3,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;

/**
 * From the best to the worst, for a command that runs several jobs: a timeout may be gone the next time, a failure needs a
 * look, a wrong configuration needs a change; an interruption is why other jobs have not been run.
 */
const SEVERITY: readonly number[] = [
  EXIT.ok,
  EXIT.rejects,
  EXIT.timedOut,
  EXIT.failed,
  EXIT.usage,
  EXIT.interrupted,
  EXIT.terminated,
];

/** The exit code of a command of several jobs; 0 for none. */
export function worstExitCode(codes: readonly number[]): number {
  const rank = (code: number): number => SEVERITY.indexOf(code);
  return codes.reduce((worst, code) => (rank(code) > rank(worst) ? code : worst), EXIT.ok);
}

/** A run's exit code; `signal` tells SIGINT from SIGTERM. */
export function exitCodeOfReport(
  report: Pick<RunReport, 'status' | 'rows_rejected' | 'files' | 'error' | 'runner_job'>,
  signal: AbortSignal,
): number {
  switch (report.status) {
    case 'success':
      return report.rows_rejected > 0 || (report.files?.failed ?? 0) > 0 ? EXIT.rejects : EXIT.ok;
    case 'skipped':
      return EXIT.ok;
    case 'timed_out':
      return EXIT.timedOut;
    case 'cancelled':
      return exitCodeOfSignal(signal);
    case 'failure':
      return report.error === undefined ? EXIT.failed : ERROR_CODES[report.error.code].exit;
    case 'running':
      // A pipeline goes on by itself, as it was asked to.
      if (report.runner_job === undefined) return EXIT.failed;
      return signal.aborted ? exitCodeOfSignal(signal) : EXIT.ok;
    case 'needs_attention':
      return EXIT.failed;
  }
}

/** The exit code of a command that ended with this error. */
export function exitCodeOfError(error: BeamliftError, signal: AbortSignal): number {
  return error.code === 'CANCELLED' ? exitCodeOfSignal(signal) : error.exitCode;
}

function exitCodeOfSignal(signal: AbortSignal): number {
  return signal.aborted && signal.reason === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}

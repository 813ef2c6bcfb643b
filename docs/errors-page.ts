import { ERROR_CODES, type ErrorCodeEntry } from '../core/error-codes';

/** docs/errors.md: every code with its exit code, whether it is tried again, and what to do. */
export function errorsPage(): string {
  const entries = Object.entries(ERROR_CODES) as [string, ErrorCodeEntry][];
  const overview = entries.map(
    ([code, entry]) =>
      `| [${code}](#${code.toLowerCase()}) | ${entry.title} | ${entry.exit} | ${entry.transient ? 'yes' : 'no'} |`,
  );
  return [
    '# Errors',
    'Every error has a code. It says what is wrong, where (job, connection, table or file, work unit, row, column), why, and what to do now. With `--json` the same is in the report as `error: {code, what, where, why, hint}`.',
    'Where “tried again” says yes, beamlift itself makes the failed call again, a few times and with growing delays, before the error ends a run.',
    ['| code | what is wrong | exit code | tried again |', '|---|---|---|---|', ...overview].join('\n'),
    ...entries.map(([code, entry]) => `## ${code}\n\n${entry.title}.\n\n${entry.explanation}`),
  ].join('\n\n');
}

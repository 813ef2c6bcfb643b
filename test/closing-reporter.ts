import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { reporters, Runner, type MochaOptions, type Test } from 'mocha';

/** Where each mocha run adds a line of JSON with its counts, for whoever adds up several runs. */
const RESULTS_VARIABLE = 'BEAMLIFT_TEST_RESULTS';

/** Where each mocha run adds its failures in full, for whoever reads only the end of several runs. */
const FAILURES_VARIABLE = 'BEAMLIFT_TEST_FAILURES';

/** Characters of an error, and of each value in it, that are repeated. */
const MAX_TEXT = 3000;

/** What a run of mocha came to. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A dot a test, the failures in full, skipped tests by name, and one closing line: `N passed, N failed, N skipped`. */
export default class ClosingReporter extends reporters.Base {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const skipped: Test[] = [];
    let shown = 0;
    const show = (symbol: string): void => {
      const width = Math.max(20, Math.min(100, reporters.Base.window.width - 4));
      process.stdout.write(`${shown++ % width === 0 ? '\n  ' : ''}${symbol}`);
    };
    runner.on(Runner.constants.EVENT_TEST_PASS, () => show('.'));
    runner.on(Runner.constants.EVENT_TEST_FAIL, () => show(reporters.Base.color('fail', '!')));
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => {
      skipped.push(test);
      show(reporters.Base.color('pending', ','));
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const counts: TestCounts = {
        passed: this.stats.passes,
        failed: this.failures.length,
        skipped: skipped.length,
      };
      process.stdout.write('\n');
      if (this.failures.length > 0) reporters.Base.list(this.failures);
      for (const test of skipped) process.stdout.write(`\n  skipped: ${test.fullTitle()}`);
      const seconds = ((this.stats.duration ?? 0) / 1000).toFixed(1);
      process.stdout.write(
        `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds} s)\n`,
      );
      append(RESULTS_VARIABLE, `${JSON.stringify(counts)}\n`);
      append(FAILURES_VARIABLE, this.failures.map(failureText).join(''));
    });
  }
}

function append(variable: string, text: string): void {
  const file = process.env[variable];
  if (file !== undefined && file !== '') appendFileSync(file, text);
}

/** A failure as text: the file, the titles, what was wrong and where; for a timeout how long it ran. */
function failureText(test: Test): string {
  const error: unknown = test.err ?? 'failed without an error';
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const difference =
    error instanceof Error && 'actual' in error && 'expected' in error
      ? `\n  actual: ${shown(error.actual)}\n  expected: ${shown(error.expected)}`
      : '';
  return `\n${test.file ?? ''}: ${test.fullTitle()} (${test.duration ?? 0} ms)\n  ${text.slice(0, MAX_TEXT)}${difference}\n`;
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : inspect(value, { depth: 5 })).slice(0, MAX_TEXT);
}

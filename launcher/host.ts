import type { Environment } from '../core/extractor';
import type { ProcessIdentity } from '../loaders/process-identity';

/** A stream of text to a person or a pipe. */
export interface TextOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Whether escape sequences are welcome: a terminal, and neither NO_COLOR nor TERM=dumb. */
  readonly colour: boolean;
  /** Width in characters; 80 where unknown. */
  readonly columns: number;
}

/** The process around a command; tests make their own. Nothing in launcher/ touches `process` but the file that makes this. */
export interface Host {
  readonly cwd: string;
  readonly environment: Environment;
  readonly out: TextOutput;
  readonly err: TextOutput;
  readonly input: NodeJS.ReadableStream;
  readonly inputIsTerminal: boolean;
  /** Aborts on SIGINT and SIGTERM, with reason `'SIGINT'` or `'SIGTERM'`. */
  readonly signal: AbortSignal;
  /** How the user called the program, for lines to type next: `beamlift`, `./bin/beamlift.js`. */
  readonly invocation: string;
  /** This process, as records of running runs name it. */
  readonly identity: ProcessIdentity;
  /** Whether that process runs; `unknown` where only another machine can tell. */
  isRunning(identity: ProcessIdentity): boolean | 'unknown';
}

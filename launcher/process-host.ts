import type { Environment } from '../core/extractor';
import { isRunning, ownIdentity } from '../loaders/process-identity';
import type { Host, TextOutput } from './host';
import { describeInvocation } from './invocation';

/** Columns of an output that is no terminal, or does not say. */
const DEFAULT_COLUMNS = 80;

/** The parts of Node's `process` that a host is made of. */
export interface ProcessParts {
  readonly argv: readonly string[];
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  cwd(): string;
}

/** The host of a real process; `signal` aborts when the process is told to end. */
export function createProcessHost(parts: ProcessParts, environment: Environment, signal: AbortSignal): Host {
  const { argv, stdin, stdout, stderr } = parts;
  const cwd = parts.cwd();
  return {
    cwd,
    environment,
    out: textOutput(stdout, environment),
    err: textOutput(stderr, environment),
    input: stdin,
    inputIsTerminal: isTerminal(stdin),
    signal,
    invocation: describeInvocation(argv[1] ?? 'beamlift', cwd),
    identity: ownIdentity(),
    isRunning,
  };
}

function textOutput(stream: NodeJS.WriteStream, environment: Environment): TextOutput {
  const terminal = isTerminal(stream);
  return {
    write: (text) => void stream.write(text),
    isTerminal: terminal,
    colour: wantsColour(environment, terminal),
    get columns() {
      // Undefined where the stream is no terminal, 0 on some pseudo terminals.
      const { columns } = stream as Partial<NodeJS.WriteStream>;
      return columns === undefined || columns === 0 ? DEFAULT_COLUMNS : columns;
    },
  };
}

/** Node's declarations say that it is always there; on pipes it is undefined. */
function isTerminal(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}

/** FORCE_COLOR first (0 and false switch colours off), then NO_COLOR, then what the terminal can do. */
export function wantsColour(environment: Environment, terminal: boolean): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none, TERM: term } = environment;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (none !== undefined && none !== '') return false;
  return terminal && term !== 'dumb';
}

import { Readable } from 'node:stream';
import type { Host, TextOutput } from '../../../launcher/host';

export interface FakeOutput extends TextOutput {
  /** All that was written. */
  text(): string;
  /** What a person sees in the end on a terminal of `columns`: carriage returns write over the line. */
  screen(): string[];
}

export interface FakeHost extends Host {
  readonly out: FakeOutput;
  readonly err: FakeOutput;
  /** Sends the signal. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): void;
}

export interface FakeHostOptions {
  /** Whether stdout and stderr are a terminal. */
  readonly terminal?: boolean;
  /** Whether stderr alone is one. */
  readonly errTerminal?: boolean;
  readonly colour?: boolean;
  readonly columns?: number;
  readonly environment?: Record<string, string>;
  readonly cwd?: string;
  readonly alive?: readonly number[];
}

/** A host that writes nowhere and remembers everything. */
export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  const { terminal = false, columns = 120, environment = {}, cwd = '/project', alive = [] } = options;
  const colour = options.colour ?? terminal;
  const controller = new AbortController();
  return {
    cwd,
    environment,
    out: fakeOutput(terminal, colour, columns),
    err: fakeOutput(options.errTerminal ?? terminal, colour, columns),
    input: Readable.from([]),
    inputIsTerminal: terminal,
    signal: controller.signal,
    invocation: './bin/beamlift.js',
    identity: { host: 'testhost', pid: 1000, started: null },
    isRunning: ({ host, pid }) => (host === 'testhost' ? alive.includes(pid) : 'unknown'),
    interrupt: (signal) => controller.abort(signal),
  };
}

function fakeOutput(isTerminal: boolean, colour: boolean, columns: number): FakeOutput {
  const written: string[] = [];
  return {
    write: (text) => void written.push(text),
    isTerminal,
    colour,
    columns,
    text: () => written.join(''),
    screen: () => showOnScreen(written.join('')),
  };
}

/** Lines of a terminal that knows carriage return and newline; colours are left out. */
export function showOnScreen(text: string): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  let column = 0;
  for (const character of text.replace(/\u001b\[\d+m/g, '')) {
    if (character === '\n') {
      lines.push(line.join('').trimEnd());
      line = [];
      column = 0;
    } else if (character === '\r') {
      column = 0;
    } else {
      line[column] = character;
      column += 1;
    }
  }
  lines.push(line.join('').trimEnd());
  return lines;
}

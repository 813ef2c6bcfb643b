import type { TextOutput } from '../host';
import { displayWidth, fitWidth } from './printable';

/** Takes colour codes away; only a palette makes them. */
const COLOUR = /\u001b\[\d+m/g;

/**
 * The stderr of a command: whole lines, and below them one live line that is written over. The live line uses a carriage
 * return and spaces alone, so it works where colours are switched off.
 */
export class Screen {
  private live = '';

  constructor(private readonly output: TextOutput) {}

  /** Writes whole lines (the text ends with a newline); the live line goes on below them. */
  print(text: string): void {
    const live = this.live;
    this.clear();
    this.output.write(text);
    this.show(live);
  }

  /** Replaces the live line. It is cut to the width of the terminal, without its colours then. */
  show(line: string): void {
    // The last column stays free: some terminals wrap as soon as it is written.
    const width = this.output.columns - 1;
    const plain = line.replace(COLOUR, '');
    const fitting = displayWidth(plain) <= width ? line : fitWidth(plain, width);
    if (fitting === this.live) return;
    const rest = displayWidth(this.live.replace(COLOUR, '')) - displayWidth(fitting.replace(COLOUR, ''));
    this.output.write(`\r${fitting}${' '.repeat(Math.max(0, Math.min(rest, width)))}`);
    if (fitting === '') this.output.write('\r');
    this.live = fitting;
  }

  /** Takes the live line away. */
  clear(): void {
    this.show('');
  }
}

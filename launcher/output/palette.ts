import pico from 'picocolors';
import type { TextOutput } from '../host';
import type { RunStatus } from '../runs/run-store';

/** What may be emphasised; every function gives its text back unchanged where colours are not welcome. */
export interface Palette {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

export function paletteFor(output: Pick<TextOutput, 'colour'>): Palette {
  const { green, red, yellow, dim, bold } = pico.createColors(output.colour);
  return { good: green, bad: red, warning: yellow, faint: dim, strong: bold };
}

/** A text in the colour of a status; `text` may be padded or say more than the status. */
export function paintStatus(palette: Palette, status: RunStatus, text: string): string {
  switch (status) {
    case 'success':
      return palette.good(text);
    case 'failure':
    case 'timed_out':
    case 'needs_attention':
      return palette.bad(text);
    case 'cancelled':
    case 'skipped':
      return palette.warning(text);
    case 'running':
      return text;
  }
}

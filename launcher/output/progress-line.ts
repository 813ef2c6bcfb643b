import { formatCount, formatCounted } from '../../core/counted';
import type { Progress } from './progress';
import type { Palette } from './palette';
import { displayWidth, fitWidth, printableLine } from './printable';
import { formatBytes, formatDuration } from './quantities';

const PHASE_WORDS = { plan: 'planning', stage: 'loading', commit: 'publishing' } as const;

/** Widths of the bar, in characters, for wide and narrow terminals. */
const BAR_WIDTHS = [24, 12] as const;
const WIDE_TERMINAL = 100;
const MAX_NAME_WIDTH = 28;
const GAP = '  ';

interface Segment {
  readonly plain: string;
  readonly painted?: string;
  /** What goes first when the terminal is narrow: the highest. */
  readonly rank: number;
}

/** One line of progress in at most `width` columns: what matters least is left out where it does not fit. */
export function renderProgress(progress: Progress, width: number, palette: Palette): string {
  let segments = segmentsOf(progress, width, palette);
  while (widthOf(segments) > width && segments.length > 1) {
    const highest = Math.max(...segments.map((segment) => segment.rank));
    segments = segments.filter((segment) => segment.rank !== highest);
  }
  return segments.map((segment) => segment.painted ?? segment.plain).join(GAP);
}

function segmentsOf(progress: Progress, width: number, palette: Palette): Segment[] {
  const { phase, rows, bytes, share, rowsPerSecond, units, unitsDone, elapsedSeconds, awaits } = progress;
  const name = fitWidth(printableLine(progress.job), MAX_NAME_WIDTH);
  const segments: Segment[] = [{ plain: name, painted: palette.strong(name), rank: 0 }];
  const word = phase === undefined ? 'starting' : PHASE_WORDS[phase];
  if (phase === 'stage' && share !== undefined) {
    const cells = width >= WIDE_TERMINAL ? BAR_WIDTHS[0] : BAR_WIDTHS[1];
    segments.push(barOf(share, cells, palette));
    segments.push({ plain: `${Math.round(share * 100)}%`.padStart(4), rank: 1 });
  } else {
    segments.push({ plain: word, rank: 1 });
  }
  if (awaits !== undefined) segments.push({ plain: `(${awaits})`, rank: 2 });
  if (rows > 0) segments.push({ plain: formatCounted(rows, 'row'), rank: awaits === undefined ? 2 : 4 });
  if (rowsPerSecond !== undefined && rows > 0) {
    segments.push({ plain: `${formatCount(rowsPerSecond)}/s`, rank: 4 });
  }
  if (bytes > 0) segments.push({ plain: formatBytes(bytes), rank: 5 });
  if (units !== undefined && units > 1) {
    segments.push({ plain: `${formatCount(unitsDone)}/${formatCount(units)} units`, rank: 6 });
  }
  segments.push({ plain: formatDuration(elapsedSeconds), rank: 3 });
  return segments;
}

function barOf(share: number, cells: number, palette: Palette): Segment {
  const full = Math.min(cells, Math.floor(share * cells));
  const done = '█'.repeat(full);
  const open = '░'.repeat(cells - full);
  return { plain: done + open, painted: palette.good(done) + palette.faint(open), rank: 7 };
}

function widthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + displayWidth(segment.plain) + GAP.length, -GAP.length);
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: 'own' | 'other';
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 860;
const LABELS = 330;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 21;
const TITLE_HEIGHT = 26;
const MARGIN = 12;
const VALUE_WIDTH = 70;
const COLORS = { own: '#1f6f8b', other: '#b9c4cc' } as const;

/** Groups of horizontal bars on one scale that begins at 0, as SVG; groups that need a scale of their own are drawn by another call. */
export function barPlot(title: string, unit: string, groups: readonly BarGroup[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LABELS - VALUE_WIDTH - MARGIN) / most;
  const parts: string[] = [text(MARGIN, 22, title, 'font-weight="bold" font-size="15"')];
  let y = 34;
  for (const group of groups) {
    parts.push(text(MARGIN, y + 17, group.title, 'font-weight="bold"'));
    y += TITLE_HEIGHT;
    for (const { label, value, kind } of group.bars) {
      const width = Math.max(1, value * scale);
      parts.push(
        text(LABELS - 8, y + 12, label, 'text-anchor="end"'),
        `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLORS[kind]}"/>`,
        text(LABELS + width + 6, y + 12, `${value.toFixed(2)} ${unit}`),
      );
      y += ROW_HEIGHT;
    }
    y += 6;
  }
  return svg(WIDTH, y + MARGIN, parts);
}

/** A drawing on white, which is read in dark pages as well. */
export function svg(width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

export function text(x: number, y: number, what: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escapeXml(what)}</text>`;
}

export function escapeXml(what: string): string {
  return what
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

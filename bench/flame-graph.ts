import { escapeXml, svg, text } from './bar-plot';

/** A CPU profile as Node.js writes it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node of each sample, and the time since the one before, in microseconds. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Frame {
  readonly name: string;
  readonly from: 'own' | 'package' | 'node';
  /** Microseconds, of itself and what it called. */
  time: number;
  readonly called: Map<string, Frame>;
}

const WIDTH = 1200;
const ROW_HEIGHT = 17;
const HEAD_HEIGHT = 30;
const CHARACTER_WIDTH = 6.4;
/** Narrower frames are left out. In pixels. */
const MIN_WIDTH = 2;
const COLORS = { own: '#7fb8c9', package: '#f0c987', node: '#d9d9d9' } as const;
/** Of the profiler: no work. */
const NO_WORK = new Set(['(idle)', '(program)']);

/** A flame graph as SVG: the callers above, what they called below, as wide as they were on the CPU; widest first. */
export function flameGraph(title: string, profile: CpuProfile): string {
  const root = framesOf(profile);
  const scale = WIDTH / root.time;
  const parts: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, x: number, row: number): void => {
    const width = frame.time * scale;
    if (width < MIN_WIDTH) return;
    depth = Math.max(depth, row);
    const y = HEAD_HEIGHT + row * ROW_HEIGHT;
    const letters = Math.floor(width / CHARACTER_WIDTH) - 1;
    parts.push(
      `<g><title>${escapeXml(`${frame.name}: ${(frame.time / 1000).toFixed(0)} ms, ${((100 * frame.time) / root.time).toFixed(1)}%`)}</title>`,
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 1}" fill="${COLORS[frame.from]}"/>`,
      ...(letters < 3 ? [] : [text(x + 3, y + 12, frame.name.slice(0, letters), 'font-size="10"')]),
      '</g>',
    );
    let left = x;
    for (const called of [...frame.called.values()].sort((a, b) => b.time - a.time)) {
      draw(called, left, row + 1);
      left += called.time * scale;
    }
  };
  draw(root, 0, 0);
  const head = text(6, 19, `${title}: ${(root.time / 1e6).toFixed(2)} s on the CPU`, 'font-weight="bold"');
  return svg(WIDTH, HEAD_HEIGHT + (depth + 1) * ROW_HEIGHT + 6, [head, ...parts]);
}

/** Samples summed up by call paths, without the time in which nothing was to be done. */
function framesOf({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const parents = new Map<number, number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const root: Frame = { name: 'all', from: 'node', time: 0, called: new Map() };
  for (const [index, sample] of samples.entries()) {
    const time = timeDeltas[index] ?? 0;
    const path: ProfileNode[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const node = byId.get(id);
      if (node !== undefined && node.callFrame.functionName !== '(root)') path.unshift(node);
    }
    if (path.length === 0 || NO_WORK.has(path[0]?.callFrame.functionName ?? '')) continue;
    let frame = root;
    frame.time += time;
    for (const node of path) {
      frame = frameBelow(frame, node);
      frame.time += time;
    }
  }
  return root;
}

function frameBelow({ called }: Frame, { callFrame }: ProfileNode): Frame {
  const { functionName, url } = callFrame;
  const file = url.split('/').pop() ?? '';
  const name = `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}`}`;
  const known = called.get(name);
  if (known !== undefined) return known;
  const from = url.includes('/node_modules/')
    ? 'package'
    : url.startsWith('file:') || url.startsWith('/')
      ? 'own'
      : 'node';
  const frame: Frame = { name, from, time: 0, called: new Map() };
  called.set(name, frame);
  return frame;
}

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { barPlot, type BarGroup } from './bar-plot';
import { netCpu, peersTable, type PeerResults } from './peer-results';
import { limitsTable, usageTable, type Table } from './result-tables';
import { summarize, type Results } from './results';
import { count, markdownTable } from './text-table';

const DOCS = path.join(__dirname, '..', 'docs');
const PAGE = path.join(DOCS, 'benchmarks.md');

/** The tables of a run with what it ran on, and its plot. */
export async function writeBenchmarkDocs(results: Results): Promise<void> {
  const { machine, date, commit, rows, paths } = results;
  const summaries = summarize(results);
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const facts = [
    `Measured on ${dayOf(date)}, commit \`${commit}\`: ${count(rows)} rows, medians of ${paths[0]?.loads.length ?? 0} rounds.`,
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGigabytes} GB, ${machine.system}; ${versions.join(', ')}.`,
  ].join('\n');
  await replaceBetween('paths', [
    facts,
    markdownOf(usageTable(summaries)),
    markdownOf(limitsTable(summaries)),
  ]);
  const groups = summaries.map(({ title, cpuSeconds, comparisons }): BarGroup => ({
    title,
    bars: [
      { label: 'beamlift', value: cpuSeconds, kind: 'own' },
      ...comparisons
        .filter(({ missing }) => missing === undefined)
        .map(({ title: label, cpuSeconds: value }) => ({ label, value, kind: 'other' as const })),
    ],
  }));
  const title = `CPU seconds for ${count(rows)} rows, start-up excluded`;
  await writeFile(path.join(DOCS, 'benchmarks-paths.svg'), barPlot(title, 's', groups));
}

/** The table of a run of peers, and its plot. */
export async function writePeerDocs(results: PeerResults): Promise<void> {
  const { date, commit, rows, peers } = results;
  const facts = `Measured on ${dayOf(date)}, commit \`${commit}\`: ${count(rows)} rows, medians of ${Math.max(...peers.map(({ runs }) => runs.length))} rounds.`;
  await replaceBetween('peers', [facts, markdownOf(peersTable(results))]);
  const bars = peers
    .filter(({ missing }) => missing === undefined)
    .map((peer) => ({
      label: peer.title,
      value: netCpu(peer),
      kind: peer.name === 'beamlift' ? ('own' as const) : ('other' as const),
    }))
    .sort((a, b) => a.value - b.value);
  const title = `PostgreSQL to files: CPU seconds for ${count(rows)} rows, start-up excluded`;
  await writeFile(path.join(DOCS, 'benchmarks-peers.svg'), barPlot(title, 's', [{ title: '', bars }]));
}

/** Puts blocks between `<!-- NAME -->` and `<!-- /NAME -->` of the page. */
async function replaceBetween(name: string, blocks: readonly string[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${PAGE} lacks ${begin} and ${end}`);
  const written = `${page.slice(0, from + begin.length)}\n\n${blocks.join('\n\n')}\n\n${page.slice(to)}`;
  await writeFile(PAGE, await formatted(written));
}

/** As `npm run check:format` wants it. */
async function formatted(page: string): Promise<string> {
  const { format, resolveConfig } = await import('prettier');
  return await format(page, { ...(await resolveConfig(PAGE)), filepath: PAGE });
}

function markdownOf({ heads, rows }: Table): string {
  return markdownTable(heads, rows);
}

function dayOf(date: string): string {
  return date.slice(0, 10);
}

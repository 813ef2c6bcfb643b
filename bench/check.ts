/**
 * Whether paths have become slower: each beside its limit in the same run, with bounds twice as wide as those of `npm run bench` and with
 * few rows. CPU and memory alone: time is what else the machine does. A run of a fifth of the rows is subtracted from each: until then code
 * is still being compiled. Ends with 1 where a bound does not hold.
 *
 *   npm run bench:check [-- --rows 100000 --rounds 2]
 */
import { parseArgs } from 'node:util';
import { measurePaths } from './measure-paths';
import { PATHS, type Path } from './paths';
import { limitsTable, usageTable } from './result-tables';
import { broken, summarize } from './results';
import { openScene } from './scene';
import { textTable } from './text-table';

/** With few rows, on a machine that does other things as well. */
const GENEROSITY = 2;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '2' } },
  });
  const note = (what: string): void => console.error(what);
  const rows = Number(values.rows);
  const scene = await openScene(rows, Math.ceil(rows / 5), note);
  try {
    const resources = { scanner: { missing: 'only npm run bench installs it' } };
    const paths = PATHS.map(bounded);
    const results = await measurePaths(
      scene,
      paths,
      { rounds: Number(values.rounds), warmUp: false },
      resources,
      note,
    );
    const summaries = summarize(results, GENEROSITY, paths);
    for (const { heads, rows: lines } of [usageTable(summaries), limitsTable(summaries)])
      console.log(`\n${textTable(heads, lines)}`);
    const misses = broken(summaries);
    if (misses.length === 0) console.log('\nAll bounds hold.');
    else {
      console.log(`\nBounds that do not hold:\n  ${misses.join('\n  ')}`);
      process.exitCode = 1;
    }
  } finally {
    await scene.stop();
  }
}

/** Without bounds of time, limits that bound nothing, and what would have to be installed first. */
function bounded(path: Path): Path {
  const bounds = path.bounds.filter((bound) => bound.of !== 'time');
  const needed = bounds.flatMap((bound) => (bound.of === 'memory' ? [] : [bound.limit]));
  return {
    ...path,
    limits: path.limits.filter((limit) => limit !== 'duckdb-scanner' && needed.includes(limit)),
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

/**
 * Every path beside its limit in one run: CPU of the whole process without start-up, wall time, peak memory, and the bounds that they keep.
 *
 *   npm run bench [-- --rows 1000000 --rounds 5 --only postgres,csv --quick --json FILE --write-docs]
 *
 * `--quick`: fewer rows and rounds, and no warm-up. Needs what `.ci/install-services` and `.ci/install-mariadb` install, and python3. `--write-docs`: tables and plot of docs/benchmarks.md.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { measurePaths } from './measure-paths';
import { pathsNamed } from './paths';
import { findScanner } from './duckdb-scanner';
import { limitsTable, usageTable } from './result-tables';
import { broken, summarize } from './results';
import { openScene } from './scene';
import { textTable } from './text-table';
import { writeBenchmarkDocs } from './write-docs';

/** Of the runs that are subtracted as start-up. */
const FEW_ROWS = 10;
const QUICK = { rows: 100_000, rounds: 3 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const rows = Number(values.rows ?? (values.quick ? QUICK.rows : 1_000_000));
  const rounds = Number(values.rounds ?? (values.quick ? QUICK.rounds : 5));
  const repetitions = { rounds, warmUp: !values.quick };
  const paths = pathsNamed(values.only.split(',').filter((name) => name !== ''));
  const note = (what: string): void => console.error(what);
  const resources = { scanner: await findScanner(note) };
  const scene = await openScene(rows, FEW_ROWS, note);
  try {
    const results = await measurePaths(scene, paths, repetitions, resources, note);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, undefined, 2));
    const summaries = summarize(results);
    for (const { heads, rows: lines } of [usageTable(summaries), limitsTable(summaries)])
      console.log(`\n${textTable(heads, lines)}`);
    const misses = broken(summaries);
    console.log(
      misses.length === 0 ? '\nAll bounds hold.' : `\nBounds that do not hold:\n  ${misses.join('\n  ')}`,
    );
    if (values['write-docs']) await writeBenchmarkDocs(results);
  } finally {
    await scene.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

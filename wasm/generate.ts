import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import openWabt from 'wabt';

/** A module in WebAssembly's text format, and the file that has it as the program loads it. */
interface GeneratedModule {
  /** Several are one module, whose parts they are. */
  readonly sources: readonly string[];
  readonly file: string;
  readonly constant: string;
}

const MODULES: readonly GeneratedModule[] = [
  { sources: ['wasm/snappy.wat'], file: 'transforms/encode/snappy-module.ts', constant: 'SNAPPY_MODULE' },
  {
    sources: [
      ...['wasm/staged-values.wat', 'wasm/pg-values.wat', 'wasm/pg-frames.wat', 'wasm/pg-avro.wat'],
      'wasm/pg-parquet.wat',
    ],
    file: 'transforms/compiled/pg-rows-module.ts',
    constant: 'PG_ROWS_MODULE',
  },
  {
    sources: ['wasm/staged-values.wat', 'wasm/arrow-avro.wat'],
    file: 'transforms/compiled/arrow-rows-module.ts',
    constant: 'ARROW_ROWS_MODULE',
  },
  {
    sources: [
      ...['wasm/staged-values.wat', 'wasm/csv-numbers.wat', 'wasm/csv-instants.wat', 'wasm/csv-texts.wat'],
      ...['wasm/csv-documents.wat', 'wasm/csv-avro.wat'],
    ],
    file: 'transforms/compiled/csv-rows-module.ts',
    constant: 'CSV_ROWS_MODULE',
  },
  { sources: ['wasm/crc32c.wat'], file: 'core/crc32c-module.ts', constant: 'CRC32C_MODULE' },
  {
    sources: ['wasm/csv-index.wat'],
    file: 'extractors/formats/csv-index-module.ts',
    constant: 'CSV_INDEX_MODULE',
  },
  {
    sources: ['wasm/parquet-pages.wat'],
    file: 'extractors/formats/pages/page-module.ts',
    constant: 'PAGE_MODULE',
  },
];

const ROOT = path.join(__dirname, '..');

/** Writes the modules; with `--check`, writes none and fails when one on disk is not what its text says. */
async function main(flags: readonly string[]): Promise<number> {
  const check = flags.includes('--check');
  const stale: string[] = [];
  for (const { sources, file, constant } of MODULES) {
    const bytes = await assemble(sources);
    const text = [
      `/** ${sources.join(', ')} in WebAssembly's binary format, as base64: \`npm run wasm\` makes it. */`,
      `export const ${constant} =`,
      `  '${bytes.toString('base64')}';`,
      '',
    ].join('\n');
    const onDisk = await readFile(path.join(ROOT, file), 'utf8').catch(() => undefined);
    if (onDisk === text) continue;
    stale.push(file);
    if (!check) await writeFile(path.join(ROOT, file), text);
  }
  if (check && stale.length > 0) {
    process.stderr.write(`Out of date: ${stale.join(', ')}. Run npm run wasm and commit the result.\n`);
    return 1;
  }
  if (!check)
    process.stdout.write(stale.length === 0 ? 'Nothing changed.\n' : `Wrote ${stale.join(', ')}.\n`);
  return 0;
}

async function assemble(sources: readonly string[]): Promise<Buffer> {
  const wabt = await openWabt();
  const texts = await Promise.all(sources.map((source) => readFile(path.join(ROOT, source), 'utf8')));
  const text = texts.length === 1 ? texts.join('') : `(module\n${texts.join('\n')})\n`;
  const parsed = wabt.parseWat(sources.join(', '), text, {
    simd: true,
    bulk_memory: true,
  });
  try {
    parsed.validate();
    return Buffer.from(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import openWabt from 'wabt';

/** A module in WebAssembly's text format, and the file that has it as the program loads it. */
interface GeneratedModule {
  readonly source: string;
  readonly file: string;
  readonly constant: string;
}

const MODULES: readonly GeneratedModule[] = [
  { source: 'wasm/snappy.wat', file: 'transforms/encode/snappy-module.ts', constant: 'SNAPPY_MODULE' },
  {
    source: 'wasm/pg-avro.wat',
    file: 'transforms/compiled/pg-avro-module.ts',
    constant: 'PG_AVRO_MODULE',
  },
  { source: 'wasm/crc32c.wat', file: 'core/crc32c-module.ts', constant: 'CRC32C_MODULE' },
  {
    source: 'wasm/csv-index.wat',
    file: 'extractors/formats/csv-index-module.ts',
    constant: 'CSV_INDEX_MODULE',
  },
];

const ROOT = path.join(__dirname, '..');

/** Writes the modules; with `--check`, writes none and fails when one on disk is not what its text says. */
async function main(flags: readonly string[]): Promise<number> {
  const check = flags.includes('--check');
  const stale: string[] = [];
  for (const { source, file, constant } of MODULES) {
    const bytes = await assemble(source);
    const text = [
      `/** ${source} in WebAssembly's binary format, as base64: \`npm run wasm\` makes it. */`,
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

async function assemble(source: string): Promise<Buffer> {
  const wabt = await openWabt();
  const parsed = wabt.parseWat(source, await readFile(path.join(ROOT, source), 'utf8'), {
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

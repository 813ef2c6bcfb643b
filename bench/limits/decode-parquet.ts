/** Decodes a Parquet file to nowhere with beamlift's reader, as built, after another one has started it: `decode-parquet.ts DECODER FIRST FILE`. */
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FileContent, FormatReader } from '../../extractors/formats/format-reader';
import { PARQUET_DECODERS } from '../../core/plan';
import type * as Parquet from '../../extractors/formats/parquet';
import { reportUsage } from './work-usage';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- what is measured is what is built
const { parquetReader } = require(
  path.join(__dirname, '..', '..', 'dist', 'extractors', 'formats', 'parquet.js'),
) as typeof Parquet;

async function main(): Promise<void> {
  const [decoder, first = '', file = ''] = process.argv.slice(2);
  const reader = parquetReader({ parquet_decoder: PARQUET_DECODERS.find((name) => name === decoder) });
  await decode(reader, first);
  await reportUsage(async () => await decode(reader, file));
}

/** How many rows the file has. */
async function decode(reader: FormatReader, name: string): Promise<number> {
  const { signal } = new AbortController();
  const handle = await open(name);
  try {
    const file = await contentOf(handle, name);
    const { columns } = await reader.describe(file, signal);
    let rows = 0;
    for await (const batch of reader.read(file, columns, signal, undefined, true))
      rows += batch.rows.length + (batch.raw?.rows ?? 0);
    return rows;
  } finally {
    await handle.close();
  }
}

async function contentOf(handle: FileHandle, name: string): Promise<FileContent> {
  const { size } = await handle.stat();
  return {
    uri: name,
    bytes: size,
    seekable: true,
    stream: () => createReadStream(name),
    slice: async (start, end) => {
      const bytes = Buffer.allocUnsafeSlow(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes;
    },
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

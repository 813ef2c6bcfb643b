import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const manifestSchema = z.object({ name: z.literal('beamlift'), version: z.string() });

/** The version of this code, from the package's own package.json (above the compiled files or beside the sources). */
export function codeVersion(): string {
  for (const folder of [path.join(__dirname, '..'), path.join(__dirname, '..', '..')]) {
    const file = path.join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest = manifestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (manifest.success) return manifest.data.version;
  }
  return '0.0.0';
}

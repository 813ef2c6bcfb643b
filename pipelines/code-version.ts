import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The version of this code, from the package's own package.json (above the compiled files or beside the sources). */
export function codeVersion(): string {
  for (const folder of [path.join(__dirname, '..'), path.join(__dirname, '..', '..')]) {
    const file = path.join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, unknown>>;
    if (name === 'beamlift' && typeof version === 'string') return version;
  }
  return '0.0.0';
}

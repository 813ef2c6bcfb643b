import { open } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError, systemCode } from '../../core/errors';
import type { Environment } from '../../core/extractor';

/** The largest configuration, in bytes: some 3,000 jobs. */
export const MAX_CONFIGURATION_BYTES = 1024 * 1024;

/** Where a configuration is looked for in the working folder, in this order. */
const CONFIGURATION_FILES = ['beamlift.yaml', 'beamlift.yml', 'beamlift.json'] as const;

export interface ConfigurationFile {
  /** Absolute. */
  readonly path: string;
  /** As the user would name it. */
  readonly shown: string;
  /** Undefined: it is too large, or not UTF-8; `fault` says which. */
  readonly text: string | undefined;
  readonly fault?: string;
}

/**
 * Reads the file given with `-f`, else that of BEAMLIFT_CONFIG, else ./beamlift.yaml, ./beamlift.yml or ./beamlift.json.
 * Throws CONFIG_NOT_FOUND, which says where it looked.
 */
export async function findConfigurationFile(input: {
  readonly file: string | undefined;
  readonly cwd: string;
  readonly environment: Environment;
}): Promise<ConfigurationFile> {
  const { file, cwd, environment } = input;
  const variable = environment['BEAMLIFT_CONFIG'];
  const named = file ?? (variable === '' ? undefined : variable);
  for (const candidate of named === undefined ? CONFIGURATION_FILES : [named]) {
    const absolute = path.resolve(cwd, candidate);
    const shown = showPath(absolute, cwd);
    const bytes = await readUpTo(absolute, MAX_CONFIGURATION_BYTES + 1, (why) =>
      notReadable(shown, why, file),
    );
    if (bytes !== undefined) return { path: absolute, shown, ...decode(bytes) };
  }
  if (named !== undefined) throw notReadable(showPath(path.resolve(cwd, named), cwd), 'does not exist', file);
  throw new BeamliftError('CONFIG_NOT_FOUND', {
    what: 'There is no configuration file',
    why: `Looked for ${CONFIGURATION_FILES.map((name) => `./${name}`).join(', ')} in ${cwd}.`,
    hint: '`beamlift init` writes one; `-f FILE` and BEAMLIFT_CONFIG name another.',
  });
}

/** Relative where the file is in the working folder or below. */
function showPath(absolute: string, cwd: string): string {
  const relative = path.relative(cwd, absolute);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? absolute : relative;
}

/** Undefined: there is no such file. */
async function readUpTo(
  file: string,
  limit: number,
  failure: (why: string) => BeamliftError,
): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(limit);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, limit - length, null);
        length += bytesRead;
        if (bytesRead === 0 || length === limit) return buffer.subarray(0, length);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error) ?? 'unknown reason';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EISDIR') throw failure('is a folder, not a file');
    throw failure(code === 'EACCES' ? 'may not be read by this user' : `cannot be read (${code})`);
  }
}

function notReadable(shown: string, why: string, flag: string | undefined): BeamliftError {
  return new BeamliftError('CONFIG_NOT_FOUND', {
    what: `The configuration file ${shown} ${why}`,
    where: { object: shown },
    why:
      flag === undefined ? 'It is named by the environment variable BEAMLIFT_CONFIG.' : 'It is named by -f.',
    hint: '`beamlift init` writes one; check the path, which is meant from the working folder.',
  });
}

function decode(bytes: Uint8Array): { text: string | undefined; fault?: string } {
  if (bytes.byteLength > MAX_CONFIGURATION_BYTES) {
    return {
      text: undefined,
      fault: `is larger than ${MAX_CONFIGURATION_BYTES} bytes, which no configuration needs`,
    };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { text: undefined, fault: 'is not UTF-8 text: save it as UTF-8' };
  }
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import type { Bundle, BundleMembers } from '../lazy-modules';

export interface BundleFile extends Bundle {
  /** Whether compiled code was used. */
  readonly wasCompiled: boolean;
}

/**
 * What Node.js puts around a module that it loads itself, and `importPackage`, which stands in a bundle for `import` as a call: Node.js calls that an
 * experiment where it did not load the text itself, on every user's screen.
 */
const OPENING = '(function (exports, require, module, __filename, __dirname, importPackage) { ';
const CLOSING = '\n})';

/** In front of compiled code: the CRC-32 of the bundle and of the code, lowest byte first. V8 itself compares its version, its flags and the length of the bundle. */
const CHECKS_BYTES = 8;

/** Where compiled code of a bundle is. */
export function compiledFileOf(bundle: string): string {
  return `${bundle}.compiled`;
}

/**
 * Reads the bundle in `file`, with its compiled code where there is some: to compile it takes 0.12 s of CPU of every start (measured). Code that is damaged, of another
 * bundle or of another Node.js is not used.
 */
export function readBundle(file: string): BundleFile {
  const source = readFileSync(file);
  const cachedData = readCompiled(file, source);
  const script = new Script(`${OPENING}${source.toString()}${CLOSING}`, {
    filename: file,
    columnOffset: -OPENING.length,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const make = script.runInThisContext() as (...args: readonly unknown[]) => void;
  const module: { exports: BundleMembers } = { exports: {} };
  const importPackage = (name: string): Promise<unknown> => import(name);
  const names = [module.exports, createRequire(file), module, file, path.dirname(file), importPackage];
  make.call(module.exports, ...names);
  return {
    members: module.exports,
    wasCompiled: cachedData !== undefined && script.cachedDataRejected === false,
    compiled: () => script.createCachedData(),
  };
}

/** What the file of compiled code has, for the bundle in `file`. */
export function withChecks(file: string, compiled: Uint8Array): Buffer {
  const checks = Buffer.alloc(CHECKS_BYTES);
  checks.writeUInt32LE(crc32(readFileSync(file)));
  checks.writeUInt32LE(crc32(compiled), 4);
  return Buffer.concat([checks, compiled]);
}

function readCompiled(file: string, source: Uint8Array): Buffer | undefined {
  let content: Buffer;
  try {
    content = readFileSync(compiledFileOf(file));
  } catch {
    return undefined;
  }
  if (content.length < CHECKS_BYTES) return undefined;
  const compiled = content.subarray(CHECKS_BYTES);
  const isOf = content.readUInt32LE(0) === crc32(source) && content.readUInt32LE(4) === crc32(compiled);
  return isOf ? compiled : undefined;
}

import path from 'node:path';
import { z } from 'zod';
import { BeamliftError, toBeamliftError } from '../../core/errors';
import type { CheckFinding, DiscoveredObject, SourceModule, SourceServices } from '../../core/extractor';
import type { JsonObject } from '../../core/plan';
import { FileExtractor } from './file-extractor';
import { compilePattern } from './glob';
import { openLocalStore } from './local-store';
import { parseLocalUrl } from './local-url';
import type { ObjectStore } from './object-store';
import { readerOfFormat } from './reader-of-format';

const connectionSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'The folder that holds the files; relative to the folder of the configuration file. Patterns of jobs are relative to it.',
    ),
});

/** Files of a folder on this machine. */
export const localSource = {
  type: 'local',
  aliases: ['file', 'folder'],
  title: 'Files in a local folder',
  category: 'files',
  connectionSchema,
  secretFields: [],
  pathFields: ['path'],

  parseUrl(url) {
    const parsed = parseLocalUrl(url);
    if (parsed === undefined) return undefined;
    const { pattern } = parsed;
    return { connection: { path: parsed.path }, ...(pattern === undefined ? {} : { object: { pattern } }) };
  },

  async open(source, services) {
    if (source.object.kind !== 'files') {
      throw new BeamliftError('PLAN_REFUSED', {
        what: 'A folder has neither tables nor queries.',
        where: { connection: source.connectionName },
        hint: 'Write `file_pattern` and `file_format` in the job.',
      });
    }
    const reader = readerOfFormat(source.object);
    compilePattern(source.object.pattern);
    const store = await openStore(source.connection, services);
    return new FileExtractor(store, source.object.pattern, reader, services.log);
  },

  async check(connection, services, signal): Promise<CheckFinding[]> {
    const folder = folderOf(connection, services);
    const findings: CheckFinding[] = [];
    let step = 'folder';
    try {
      const store = await openLocalStore(folder);
      findings.push({ step, ok: true, detail: `${folder} is a folder` });
      step = 'files';
      const { files } = await store.list('', signal);
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      findings.push({
        step,
        ok: true,
        detail: `${files.length === 1 ? '1 file' : `${files.length} files`} below it, ${bytes.toLocaleString('en-US')} bytes`,
      });
    } catch (thrown) {
      signal.throwIfAborted();
      const { what, hint } = toBeamliftError(thrown);
      findings.push({ step, ok: false, detail: what, ...(hint === undefined ? {} : { hint }) });
    }
    return findings;
  },

  /** Files below the folder; `filter` is a file pattern. */
  async discover(connection, services, filter, signal): Promise<DiscoveredObject[]> {
    const store = await openStore(connection, services);
    try {
      const { files } = await store.list(filter ?? '', signal);
      return files.map(({ uri, bytes }) => ({
        kind: 'file',
        name: uri,
        schema: undefined,
        table: uri,
        rows: null,
        bytes,
      }));
    } catch (error) {
      if (error instanceof BeamliftError && error.code === 'SOURCE_EMPTY') return [];
      throw error;
    }
  },
} as const satisfies SourceModule<'local'>;

function openStore(connection: JsonObject, services: SourceServices): Promise<ObjectStore> {
  return openLocalStore(folderOf(connection, services));
}

function folderOf(connection: JsonObject, services: SourceServices): string {
  return path.resolve(services.baseFolder, connectionSchema.parse(connection).path);
}

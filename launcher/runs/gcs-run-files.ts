import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import type { GcsBucket } from '../../core/clients/gcs-bucket';
import { BeamliftError } from '../../core/errors';
import { fitsFilter, inFileOrder, type FileFilter, type FileRecord } from './file-record';
import { fileRecordSchema } from './file-record-json';
import { likelyBeginnings, parseRunObjectName, runObjectName, type RunObjectName } from './run-object-name';
import { readPatience, writePatience } from './store-patience';

/** Of one object as it is stored: 100,000 files have about 3 MB. */
const MAX_STORED_BYTES = 32 * 1024 * 1024;

/** Of its text: 100,000 files have about 40 MB. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** How often a write meets somebody else's before it gives up. */
const MAX_CONFLICTS = 5;

const FILES_VERSION = 1;

const contentSchema = z.object({ files_version: z.literal(FILES_VERSION), files: z.array(fileRecordSchema) });

interface Found extends RunObjectName {
  readonly object: string;
}

/** The files of runs in a bucket: one object a run, named as the object of its record, with gzipped JSON in it. */
export class GcsRunFiles {
  /** `folder`: with a slash at its end. */
  constructor(
    private readonly bucket: GcsBucket,
    private readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  async put(records: readonly FileRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const signal = writePatience();
    const { run_id: id, job, started_at: started } = first;
    const object = `${this.folder}${runObjectName({ id, job, startedMs: Date.parse(started) })}`;
    const text = JSON.stringify({ files_version: FILES_VERSION, files: records });
    const body = await promisify(gzip)(text);
    let replaced = '0';
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const stored = await this.bucket.write(object, body, replaced, signal);
      if (stored !== 'conflict') return;
      replaced = '0';
      for await (const { name, generation } of this.bucket.list(object, signal)) {
        if (name === object) replaced = generation;
      }
    }
    throw new BeamliftError('RUN_STORE_FAILED', {
      what: `The files of run ${id} are being written by others all the time`,
      where: { object: this.shown(object) },
    });
  }

  async list(filter: FileFilter): Promise<FileRecord[]> {
    const signal = readPatience(this.signal);
    const likely = filter.runId === undefined ? [''] : [...likelyBeginnings(filter.runId), ''];
    for (const beginning of likely) {
      const found = await this.listBelow(beginning, filter, signal);
      if (found.length > 0) return found;
    }
    return [];
  }

  private async listBelow(beginning: string, filter: FileFilter, signal: AbortSignal): Promise<FileRecord[]> {
    const { runId, job, limit } = filter;
    const records: FileRecord[] = [];
    // A run that was finished by another process may have two objects; the newer name counts.
    const seen = new Set<string>();
    let lastMs: number | undefined;
    for await (const found of this.names(beginning, signal)) {
      const { id, startedMs } = found;
      const mayFit = (runId ?? id) === id && (job === undefined || (found.job ?? job) === job);
      if (!mayFit || seen.has(id)) continue;
      // Runs of the same millisecond are in the order of their ids in the bucket, and in the reverse of it here.
      if (records.length >= limit && startedMs !== lastMs) break;
      seen.add(id);
      lastMs = startedMs;
      const read = await this.read(found.object, signal);
      for (const record of read) if (fitsFilter(record, filter)) records.push(record);
    }
    return records.sort(inFileOrder).slice(0, limit);
  }

  private async *names(beginning: string, signal: AbortSignal): AsyncGenerator<Found, void, undefined> {
    for await (const { name } of this.bucket.list(`${this.folder}${beginning}`, signal)) {
      const parsed = parseRunObjectName(name.slice(this.folder.length));
      if (parsed !== undefined) yield { ...parsed, object: name };
    }
  }

  /** Empty: it is gone by now. */
  private async read(object: string, signal: AbortSignal): Promise<FileRecord[]> {
    const stored = await this.bucket.read(object, MAX_STORED_BYTES, signal);
    if (stored === undefined) return [];
    try {
      const text = await promisify(gunzip)(stored.body, { maxOutputLength: MAX_TEXT_BYTES });
      return contentSchema.parse(JSON.parse(text.toString('utf8'))).files;
    } catch (cause) {
      throw new BeamliftError('RUN_STORE_FAILED', {
        what: 'An object of the run store does not hold the files of a run, as this version knows them',
        where: { object: this.shown(object) },
        hint: 'If a newer beamlift wrote it, upgrade this one. If something else did, delete it: no data depends on it.',
        cause,
      });
    }
  }

  private shown(object: string): string {
    return `gs://${this.bucket.name}/${object}`;
  }
}

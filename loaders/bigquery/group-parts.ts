import { BeamliftError } from '../../core/errors';
import type { Part } from '../../core/manifest';
import {
  MAX_BYTES_PER_LOAD_JOB,
  MAX_GZIP_FILE_BYTES,
  MAX_PLAIN_FILE_BYTES,
  MAX_REQUEST_BYTES,
  MAX_URIS_PER_LOAD_JOB,
} from './job-limits';

/** We stay so far below what counts bytes on the other side: what a file weighs there need not be what we counted. A share of 1. */
const SAFETY_MARGIN = 0.1;

/** What one load job may read. */
export interface LoadLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly maxFileBytes: number;
  /** Of a file whose name ends in `.gz`. */
  readonly maxGzipFileBytes: number;
  /** Of the names of its files as JSON, in bytes: they all go into one request. */
  readonly maxUriBytes: number;
}

const below = (limit: number): number => Math.floor(limit * (1 - SAFETY_MARGIN));

export const LOAD_LIMITS: LoadLimits = {
  maxFiles: MAX_URIS_PER_LOAD_JOB,
  maxBytes: below(MAX_BYTES_PER_LOAD_JOB),
  maxFileBytes: below(MAX_PLAIN_FILE_BYTES),
  maxGzipFileBytes: below(MAX_GZIP_FILE_BYTES),
  // The rest of a request is the schema: 10,000 fields with names of 300 characters are 4 MB.
  maxUriBytes: MAX_REQUEST_BYTES / 2,
};

/**
 * The files of one load job each, as few as first fit finds: every part goes into the first group that has room for it, so the same parts
 * in the same order are always the same groups. Parts without rows are left out. Throws DESTINATION_FAILED for a file that no job takes.
 * A `*` in a name would be read as any text, and load files that no manifest names.
 */
export function groupParts(parts: readonly Part[], limits: LoadLimits): Part[][] {
  const groups: { readonly isGzip: boolean; readonly parts: Part[]; bytes: number; uriBytes: number }[] = [];
  for (const part of parts) {
    if (part.rows === 0) continue;
    const uriBytes = Buffer.byteLength(JSON.stringify(part.uri)) + 1;
    const isGzip = part.uri.endsWith('.gz');
    const mostBytes = Math.min(isGzip ? limits.maxGzipFileBytes : limits.maxFileBytes, limits.maxBytes);
    if (part.bytes > mostBytes) {
      throw refused(part, `It has ${part.bytes} bytes; at most ${mostBytes} are loaded from one file.`);
    }
    if (uriBytes > limits.maxUriBytes) throw refused(part, 'Its name is too long for a request.');
    if (part.uri.includes('*')) throw refused(part, 'BigQuery reads a `*` in a name as any text.');
    const room = groups.find(
      (group) =>
        group.isGzip === isGzip &&
        group.parts.length < limits.maxFiles &&
        group.bytes + part.bytes <= limits.maxBytes &&
        group.uriBytes + uriBytes <= limits.maxUriBytes,
    );
    if (room === undefined) {
      groups.push({ isGzip, parts: [part], bytes: part.bytes, uriBytes });
    } else {
      room.parts.push(part);
      room.bytes += part.bytes;
      room.uriBytes += uriBytes;
    }
  }
  return groups.map((group) => group.parts);
}

function refused(part: Part, why: string): BeamliftError {
  return new BeamliftError('DESTINATION_FAILED', {
    what: 'A staged file cannot be loaded',
    where: { object: part.uri },
    why,
    hint: 'Nothing was published. Lower `rows_per_unit` of the job where its files are too large; give the destination another staging folder where it is the name.',
  });
}

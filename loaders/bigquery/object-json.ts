import { BeamliftError, type ErrorPlace } from '../../core/errors';

/** The content of an object of ours as JSON; undefined for what is none, since nothing that we write is. The bytes are not copied: states and records have megabytes. */
export function jsonOfObject(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The content of an object of ours that is read again with the same limit, in bytes. Throws LIMIT_EXCEEDED for one that nobody could read.
 * `what`: a name for people, `The plan of run 7`.
 */
export function readableBody(what: string, value: object, maxBytes: number, where: ErrorPlace): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  if (body.length <= maxBytes) return body;
  throw new BeamliftError('LIMIT_EXCEEDED', {
    what: `${what} has ${body.length} bytes, and is read up to ${maxBytes}`,
    where,
    hint: 'Load less at once: fewer files by a narrower pattern, fewer columns, or larger work units. Nothing was published.',
  });
}

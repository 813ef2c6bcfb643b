import type { StoredObject } from './gcs-bucket';
import { jsonOf, textIn, unreadable, type GoogleAnswer } from './google-answers';

/** What is asked for of every object. */
export const OBJECT_FIELDS = 'name,generation,size,crc32c,updated';

/** CRC-32C as Cloud Storage writes it: base64 of the four bytes, the highest first. */
export function crc32cText(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
}

/** An object resource of the JSON API. Throws GoogleServiceFailure without a status when a member is missing. */
export function storedObject(resource: Readonly<Record<string, unknown>>): StoredObject {
  const updatedMs = Date.parse(textIn(resource, 'updated'));
  const bytes = Number(resource['size'] ?? Number.NaN);
  if (Number.isNaN(updatedMs) || !Number.isSafeInteger(bytes))
    throw unreadable('size or updated is not valid');
  return {
    name: textIn(resource, 'name'),
    generation: textIn(resource, 'generation'),
    bytes,
    crc32c: textIn(resource, 'crc32c'),
    updatedMs,
  };
}

/** The store's clock when it answered: its `Date`, and never earlier than what it says of the object. */
export function storeTime(answer: Pick<GoogleAnswer, 'headers'>, updatedMs: number): number {
  const dateMs = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(dateMs)) throw unreadable('it has no Date');
  return Math.max(dateMs, updatedMs);
}

/** Path of an object. A name is one segment, whatever is in it. */
export function objectPath(bucket: string, name: string): string {
  return `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
}

/** Path and body of one request that makes an object: its description with the sum that the store is to check, then its bytes. */
export function wholeUpload(
  object: {
    readonly bucket: string;
    readonly name: string;
    readonly contentType: string;
    readonly ifGeneration: string;
  },
  body: Uint8Array,
  crc32c: string,
): { path: string; headers: Readonly<Record<string, string>>; body: Uint8Array[] } {
  const boundary = `beamlift-${crypto.randomUUID()}`;
  const description = JSON.stringify({ name: object.name, contentType: object.contentType, crc32c });
  const head = `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${description}\r\n--${boundary}\r\nContent-Type: ${object.contentType}\r\n\r\n`;
  return {
    path: uploadPath(object.bucket, 'multipart', object.ifGeneration),
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: [Buffer.from(head), body, Buffer.from(`\r\n--${boundary}--\r\n`)],
  };
}

/** Path that new objects are sent to. */
export function uploadPath(bucket: string, type: 'multipart' | 'resumable', ifGeneration: string): string {
  const query = new URLSearchParams({
    uploadType: type,
    ifGenerationMatch: ifGeneration,
    fields: OBJECT_FIELDS,
  });
  return `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?${query.toString()}`;
}

/** The object of an answer to an upload. */
export function uploaded(answer: Pick<GoogleAnswer, 'body'>): StoredObject {
  return storedObject(jsonOf(answer));
}

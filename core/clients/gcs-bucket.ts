/** One object of a bucket, as the store describes it. */
export interface StoredObject {
  readonly name: string;
  /** Another one for every time the name is written. */
  readonly generation: string;
  readonly bytes: number;
  /** CRC-32C of the content, in base64 of its four big-endian bytes. */
  readonly crc32c: string;
  /** When it was written, by the store's clock, in milliseconds since 1970. */
  readonly updatedMs: number;
}

/** An object that was read whole. */
export interface ReadObject extends StoredObject {
  readonly body: Uint8Array;
  /** The store's clock when it answered, in milliseconds since 1970. */
  readonly storeTimeMs: number;
}

/** The object that was to be written over is not there, or was written since. */
export type Conflict = 'conflict';

/** What people see of a bucket's settings, and `check` looks at. */
export interface BucketSettings {
  /** As the service writes it: `EU`, `US-CENTRAL1`. */
  readonly location: string;
  /** Fewest days after which a lifecycle rule deletes objects under the prefix; undefined: none does. */
  deletesAfterDays(prefix: string): number | undefined;
  /** Whether a retention policy forbids deleting what was just written, in seconds. */
  readonly retentionSeconds: number | undefined;
}

/** Bytes on their way into one object, with at most one chunk of them in memory. */
export interface ObjectUpload {
  /** The bytes may be used again when this resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes given so far. */
  readonly bytes: number;
  /** Ends the object and proves by length and CRC-32C that it is whole. */
  finish(): Promise<StoredObject>;
  /** Gives up; nothing of it becomes an object. Never throws. */
  abort(): Promise<void>;
}

/**
 * A bucket of Google Cloud Storage. Every write names the generation it replaces, `0` for none: so nothing is overwritten unseen, and a
 * write whose answer was lost can be made again. All calls retry what may be retried; they throw BeamliftError: DESTINATION_UNAVAILABLE,
 * RIGHTS_MISSING, BUCKET_NOT_FOUND, LOGIN_FAILED, DESTINATION_FAILED.
 */
export interface GcsBucket {
  readonly name: string;
  settings(signal: AbortSignal): Promise<BucketSettings>;
  /** Undefined: there is no such object. Throws LIMIT_EXCEEDED for one of more than `maxBytes`. */
  read(name: string, maxBytes: number, signal: AbortSignal): Promise<ReadObject | undefined>;
  /** Whole objects of up to some megabytes. After a lost answer, what is there is compared with what was sent. */
  write(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
    signal: AbortSignal,
  ): Promise<(StoredObject & { readonly storeTimeMs: number }) | Conflict>;
  /** A new object; it may not exist. One request below 8 MiB, a resumable upload above. */
  startUpload(name: string, contentType: string, signal: AbortSignal): ObjectUpload;
  /** Objects whose names begin with the prefix, in order of their names, page by page. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject>;
  /** Distinct beginnings of names up to the next `/` after the prefix, with that slash: the folders in it. */
  listFolders(prefix: string, signal: AbortSignal): AsyncIterable<string>;
  /** What is not there needs no deleting. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

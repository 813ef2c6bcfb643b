/** An object of a bucket or container, as a listing shows it. */
export interface ListedObject {
  /** The full name in the bucket, of any characters. */
  readonly key: string;
  readonly bytes: number;
  /** What names exactly this content to the service: a generation, an entity tag. Never the empty text. */
  readonly version: string;
  /** ISO 8601 in UTC. */
  readonly lastModified: string;
}

export interface ObjectPage {
  /** In the order of the service: by UTF-8 bytes of the key. */
  readonly objects: readonly ListedObject[];
  /** What to ask for the next page; absent: this was the last one. A page may be empty and not be the last. */
  readonly next?: string;
}

export interface ObjectRange {
  readonly key: string;
  readonly version: string;
  /** Inclusive. */
  readonly start: number;
  /** Exclusive; beyond `start`. */
  readonly end: number;
}

/**
 * One bucket or container of an object store, for reading. All that the stores are told apart by: retries of single requests, credentials
 * and the service's failures are its own; patterns, proofs and resuming are made of it for all stores alike.
 */
export interface ObjectClient {
  /** For messages: `s3://bucket`. */
  readonly location: string;
  /** One page of keys that begin with `prefix`. Throws BUCKET_NOT_FOUND, LOGIN_FAILED, RIGHTS_MISSING, CONNECTION_*. */
  listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage>;
  /** The object of that name as it is now; undefined: there is none. */
  find(key: string, signal: AbortSignal): Promise<ListedObject | undefined>;
  /**
   * Bytes of a range of that version, in pieces. Throws SOURCE_CHANGED where the service has another version under the key, or none;
   * a connection that breaks ends with CONNECTION_LOST, after the pieces that came: whoever reads goes on from there.
   */
  read(range: ObjectRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Ends connections that are kept alive. */
  close(): Promise<void>;
}

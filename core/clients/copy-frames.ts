/** Whole CopyData messages of PostgreSQL's protocol, one behind the other, as they were received: from `start` to `end` of `bytes`. */
export interface CopyFrames {
  readonly bytes: Buffer;
  /** Of `bytes`. */
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** What a COPY sends: messages, or what is in them, cut anywhere. Either is valid until the next one is pulled. */
export type CopyPiece = CopyFrames | Buffer;

/** In front of what a message says: its kind, and its length, which counts itself. */
export const FRAME_BYTES = 5;
/** Where the length stands. */
export const LENGTH_AT = 1;

/** What is in the messages, as bytes of its own. */
export function unframed({ bytes, view, start, end }: CopyFrames): Buffer {
  let size = 0;
  for (let at = start; at < end; at += LENGTH_AT + view.getUint32(at + LENGTH_AT)) {
    size += LENGTH_AT + view.getUint32(at + LENGTH_AT) - FRAME_BYTES;
  }
  const content = Buffer.allocUnsafe(size);
  let to = 0;
  for (let at = start; at < end;) {
    const next = at + LENGTH_AT + view.getUint32(at + LENGTH_AT);
    to += bytes.copy(content, to, at + FRAME_BYTES, next);
    at = next;
  }
  return content;
}

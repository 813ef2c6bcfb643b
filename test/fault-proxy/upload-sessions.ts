/** What becomes of a chunk: what to send on, or the answer that needs nobody else. */
export type ChunkTurn =
  | { readonly kind: 'forward'; readonly body: Uint8Array; readonly range: string | undefined }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Record<string, string>;
      readonly body: string;
    };

interface Session {
  stored: number;
  /** The answer that described the object. */
  complete: string | undefined;
}

/**
 * Sessions of resumable uploads as Cloud Storage keeps them. fake-gcs-server ends an upload when it is asked how far it is, and appends
 * bytes that it has already; so what a client does after a lost answer is answered here.
 */
export class UploadSessions {
  private readonly sessions = new Map<string, Session>();

  turn(id: string, range: string | undefined, body: Uint8Array): ChunkTurn {
    const session = this.sessions.get(id) ?? { stored: 0, complete: undefined };
    this.sessions.set(id, session);
    if (session.complete !== undefined) {
      return {
        kind: 'answer',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: session.complete,
      };
    }
    const [, from, , total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(range ?? '') ?? [];
    if (from === undefined) {
      const ends = total !== undefined && total !== '*' && Number(total) === session.stored;
      return ends ? { kind: 'forward', body, range } : this.progress(session);
    }
    const start = Number(from);
    if (start > session.stored) return this.progress(session);
    const fresh = body.subarray(session.stored - start);
    const end = start + body.byteLength;
    if (fresh.byteLength === 0 && Number(total) !== end) return this.progress(session);
    const rest =
      fresh.byteLength === 0 ? `*/${total ?? '*'}` : `${session.stored}-${end - 1}/${total ?? '*'}`;
    return { kind: 'forward', body: fresh, range: `bytes ${rest}` };
  }

  /** The server's answer to what was forwarded. */
  answered(id: string, forwardedBytes: number, status: number, body: string): void {
    const session = this.sessions.get(id);
    if (session === undefined || (status >= 400 && status !== 308)) return;
    session.stored += forwardedBytes;
    if (status < 300) session.complete = body;
  }

  private progress({ stored }: Session): ChunkTurn {
    const headers: Record<string, string> = stored === 0 ? {} : { range: `bytes=0-${stored - 1}` };
    return { kind: 'answer', status: 308, headers, body: '' };
  }
}

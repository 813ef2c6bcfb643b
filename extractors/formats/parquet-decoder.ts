import type { Worker } from 'node:worker_threads';
import { BeamliftError } from '../../core/errors';
import type { FileContent } from './format-reader';
import type { ParquetFooter } from './parquet-footer';
import type { DecoderThreads } from './parquet-threads';
import { ParquetSpans } from './parquet-spans';
import type { DecodedBatch, DecoderAnswer, DecoderRequest, RowGroupRequest } from './parquet-worker-messages';
import { streamRange } from './range-content';
import { releasableBuffer } from './released-buffers';

/** Bytes of a row group that are read with one request; some make a stream of it, so that it is not in memory twice. */
const MAX_SLICE_BYTES = 8 * 1024 * 1024;

type Answer = Exclude<DecoderAnswer, { kind: 'want' }>;
type Question = Exclude<DecoderRequest, { kind: 'bytes' }>;

/**
 * Decodes one Parquet file in a thread of its own, row group by row group, to Arrow IPC. One call at a time.
 * Whatever the bytes of the file are, the process lives on and `close` gives its memory back.
 */
export class ParquetDecoder {
  private readonly worker: Worker;
  private waiting: { resolve: (answer: Answer) => void; reject: (error: unknown) => void } | undefined;
  private failure: Error | undefined;
  private closed = false;
  private readonly spans: ParquetSpans;
  private readonly onMessage = (answer: DecoderAnswer): void => this.receive(answer);
  private readonly onError = (error: Error): void => this.fail(this.broken(error));
  private readonly onExit = (): void => this.fail(this.broken(new Error('It ended by itself.')));
  private readonly onAbort = (): void => this.fail(abortReason(this.signal));

  constructor(
    private readonly threads: DecoderThreads,
    private readonly file: FileContent,
    private readonly footer: ParquetFooter,
    private readonly signal: AbortSignal,
  ) {
    this.spans = new ParquetSpans(file, footer, signal);
    this.worker = threads.take();
    this.worker.on('message', this.onMessage).on('error', this.onError).on('exit', this.onExit);
    signal.addEventListener('abort', this.onAbort);
    if (signal.aborted) this.onAbort();
  }

  /** Opens the file; the schema of all columns as an Arrow IPC stream without rows. Throws FORMAT_INVALID. */
  async open(): Promise<Uint8Array> {
    const bytes = this.footer.start + this.footer.replacement.length;
    const answer = await this.ask({ kind: 'open', bytes });
    if (answer.kind !== 'opened') throw this.unexpected(answer);
    return answer.schema;
  }

  /**
   * Rows of a row group, batch by batch; the next is decoded while one is in use, and its buffer is used again afterwards. Columns come in
   * the order of the file; more of them than asked for may come. Throws FORMAT_INVALID.
   */
  async *rowGroup(request: RowGroupRequest): AsyncGenerator<DecodedBatch> {
    this.spans.expect(request.rowGroup, request.columns);
    let next = this.ask({ kind: 'row-group', ...request });
    let spare: ArrayBuffer | undefined;
    try {
      for (;;) {
        const answer = await next;
        if (answer.kind === 'end') return;
        if (answer.kind !== 'batch') throw this.unexpected(answer);
        next = this.ask(spare === undefined ? { kind: 'next' } : { kind: 'next', spare });
        spare = undefined;
        yield answer.batch;
        if ('content' in answer.batch) spare = answer.batch.content;
      }
    } finally {
      // Left early: the thread answers one question at a time.
      await next.catch(() => undefined);
    }
  }

  /** Ends the thread, or gives it back when it is done with its file. Safe to call twice. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const memory = await this.closeFile();
    this.signal.removeEventListener('abort', this.onAbort);
    this.worker.off('message', this.onMessage).off('exit', this.onExit);
    if (memory === undefined) await this.worker.terminate();
    this.worker.off('error', this.onError);
    if (memory !== undefined) await this.threads.giveBack(this.worker, memory);
  }

  /** The memory that the thread keeps; undefined: it is of no further use. */
  private async closeFile(): Promise<number | undefined> {
    if (this.failure !== undefined || this.waiting !== undefined) return undefined;
    try {
      const answer = await this.ask({ kind: 'close' });
      return answer.kind === 'closed' ? answer.memory : undefined;
    } catch {
      return undefined;
    }
  }

  private ask(question: Question): Promise<Answer> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise<Answer>((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.post(question, question.kind === 'next' && question.spare !== undefined ? [question.spare] : []);
    });
  }

  private receive(answer: DecoderAnswer): void {
    if (answer.kind === 'want') void this.supply(answer.id, answer.start, answer.end);
    else if (answer.kind === 'failed') this.fail(this.damaged(answer.why));
    else {
      const { waiting } = this;
      this.waiting = undefined;
      waiting?.resolve(answer);
    }
  }

  /** The first failure counts: what the thread says after a failed read only follows from it. */
  private fail(error: Error): void {
    this.failure ??= error;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(this.failure);
  }

  private async supply(id: number, start: number, end: number): Promise<void> {
    try {
      let left = end - start;
      for await (const piece of this.content(start, end)) {
        left -= piece.length;
        // A copy: what is sent is taken away, and nobody said that it is ours alone.
        const content = releasableBuffer(piece.length);
        new Uint8Array(content).set(piece);
        this.post({ kind: 'bytes', id, content }, [content]);
      }
      if (left > 0) throw this.damaged(`${left} bytes are missing before byte ${end}.`);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
      this.post({ kind: 'bytes', id, content: undefined });
    }
  }

  /** The file's bytes, with the footer replaced by the one meant for the decoder. In pieces: a row group may have hundreds of megabytes. */
  private async *content(start: number, end: number): AsyncGenerator<Uint8Array> {
    const { start: footerStart, before, replacement } = this.footer;
    const knownStart = footerStart - before.length;
    if (start < knownStart) {
      const found = await this.spans.find(start, Math.min(end, knownStart));
      const dataEnd = Math.min(end, knownStart);
      if (found !== undefined) yield found;
      else yield* streamRange(this.file, start, dataEnd, this.signal, MAX_SLICE_BYTES);
    }
    if (end > knownStart && start < footerStart)
      yield before.subarray(Math.max(0, start - knownStart), end - knownStart);
    if (end > footerStart) yield replacement.subarray(Math.max(0, start - footerStart), end - footerStart);
  }

  private post(request: DecoderRequest, transfer: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  /** A panic in wasm says only `unreachable`; everything else that ends the thread is no fault of the file. */
  private broken(error: Error): BeamliftError {
    if (error.name === 'RuntimeError') {
      return this.damaged(
        'The data of a column is damaged, or a row group needs more than 4 GB of memory.',
        error,
      );
    }
    return new BeamliftError('INTERNAL', {
      what: 'The Parquet decoder failed.',
      where: { object: this.file.uri },
      why: error.message,
      cause: error,
    });
  }

  private damaged(why: string, cause?: unknown): BeamliftError {
    return new BeamliftError('FORMAT_INVALID', {
      what: 'The Parquet file cannot be decoded.',
      where: { object: this.file.uri },
      why,
      hint: 'Check that the file is complete; write it again at its source, with smaller row groups if they are huge.',
      ...(cause === undefined ? {} : { cause }),
    });
  }

  private unexpected(answer: Answer): BeamliftError {
    return new BeamliftError('INTERNAL', {
      what: `The Parquet decoder answered '${answer.kind}' out of turn.`,
      where: { object: this.file.uri },
    });
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Aborted', 'AbortError');
}

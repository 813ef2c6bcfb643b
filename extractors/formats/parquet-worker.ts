/**
 * The thread in which Parquet is decoded: parquet-wasm panics on damaged pages from within a microtask, where nothing can catch it;
 * here it ends the thread and not the process. The thread's end also gives the memory of the wasm instance back.
 */
import { parentPort, type MessagePort } from 'node:worker_threads';
import { ParquetFile, wasmMemory, type RecordBatch } from 'parquet-wasm';
import { readCSchema, type CSchema } from './arrow-c-data';
import type { DecodedBatch, DecoderAnswer, DecoderRequest, RowGroupRequest } from './parquet-worker-messages';
import { release, releasableBuffer } from './released-buffers';

/** What parquet-wasm uses of a Blob. */
interface LazyBlob {
  readonly size: number;
  slice(start: number, end: number): { readonly size: number; arrayBuffer(): Promise<ArrayBuffer> };
}

/** More bytes of a row group than this are fetched again when they are needed again. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

/** Bytes that were asked for, as far as they have come. */
interface Wanted {
  readonly bytes: number;
  /** Undefined: nothing has come. */
  content: Uint8Array<ArrayBuffer> | undefined;
  filled: number;
  readonly resolve: (content: ArrayBuffer | undefined) => void;
}

class DecoderThread {
  private readonly wanted = new Map<number, Wanted>();
  private nextId = 0;
  private file: ParquetFile | undefined;
  private rowGroup = -1;
  /** Bytes of the row group by their place: where its batches turn out too large, a part of it is read anew. */
  private readonly bytes = new Map<string, ArrayBuffer>();
  private bytesKept = 0;
  private batches: ReadableStreamDefaultReader<RecordBatch> | undefined;
  /** Of `batches`, once there is one. Null: it is not read here. */
  private schema: CSchema | null | undefined;
  private spare: ArrayBuffer | undefined;

  constructor(private readonly port: MessagePort) {
    port.on('message', (request: DecoderRequest) => void this.receive(request));
  }

  private async receive(request: DecoderRequest): Promise<void> {
    if (request.kind === 'bytes') {
      this.fill(request.id, request.content);
      return;
    }
    try {
      if (request.kind === 'open') await this.open(request.bytes);
      else if (request.kind === 'close') await this.close();
      else {
        if (request.kind === 'row-group') await this.startRowGroup(request);
        else this.spare = request.spare;
        await this.sendBatch();
      }
    } catch (error) {
      this.send({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
    }
  }

  private async open(bytes: number): Promise<void> {
    const blob: LazyBlob = { size: bytes, slice: (start, end) => this.slice(start, end) };
    this.file = await ParquetFile.fromFile(blob as unknown as Blob);
    this.send({ kind: 'opened', schema: this.file.schema().intoIPCStream() });
  }

  private async close(): Promise<void> {
    await this.batches?.cancel();
    this.file?.free();
    this.batches = this.file = undefined;
    this.forgetBytes();
    this.rowGroup = -1;
    this.spare = undefined;
    this.send({ kind: 'closed', memory: memory().byteLength });
  }

  private async startRowGroup(request: RowGroupRequest): Promise<void> {
    const { rowGroup, columns, batchRows, offset, limit } = request;
    await this.batches?.cancel();
    if (rowGroup !== this.rowGroup) this.forgetBytes();
    this.rowGroup = rowGroup;
    this.schema = undefined;
    const stream = await this.file?.stream({
      batchSize: batchRows,
      rowGroups: [rowGroup],
      columns: [...columns],
      concurrency: 1,
      // Without a selection of rows the decoder also notices when a row group has more of them than its footer says.
      ...(offset === 0 ? {} : { offset }),
      ...(limit === undefined ? {} : { limit }),
    });
    this.batches = stream?.getReader() as ReadableStreamDefaultReader<RecordBatch> | undefined;
  }

  private async sendBatch(): Promise<void> {
    const next = await this.batches?.read();
    if (next?.value === undefined) this.send({ kind: 'end' });
    else this.send({ kind: 'batch', batch: this.pack(next.value) });
  }

  /** The batch in one buffer; its way through an Arrow IPC stream costs a third of what decoding does (measured). */
  private pack(batch: RecordBatch): DecodedBatch {
    const shared = batch.toFFI();
    try {
      this.schema ??= readCSchema(memory(), shared.schemaAddr()) ?? null;
      const packed = this.schema?.pack(memory(), shared.arrayAddr(), this.spare);
      if (packed === undefined) return { stream: batch.intoIPCStream() };
      this.spare = undefined;
      batch.free();
      return packed;
    } finally {
      shared.free();
    }
  }

  private slice(start: number, end: number): ReturnType<LazyBlob['slice']> {
    const arrayBuffer = async (): Promise<ArrayBuffer> => {
      const place = `${start}-${end}`;
      const known = this.bytes.get(place);
      if (known !== undefined) return known;
      const content = await this.fetch(start, end);
      if (this.bytesKept + content.byteLength <= MAX_KEPT_BYTES) {
        this.bytes.set(place, content);
        this.bytesKept += content.byteLength;
      }
      return content;
    };
    return { size: end - start, arrayBuffer };
  }

  private async fetch(start: number, end: number): Promise<ArrayBuffer> {
    if (start >= end) return new ArrayBuffer(0);
    const id = this.nextId++;
    const content = await new Promise<ArrayBuffer | undefined>((resolve) => {
      this.wanted.set(id, { bytes: end - start, content: undefined, filled: 0, resolve });
      this.send({ kind: 'want', id, start, end });
    });
    if (content === undefined) throw new Error('The bytes could not be read.');
    return content;
  }

  private fill(id: number, piece: ArrayBuffer | undefined): void {
    const wanted = this.wanted.get(id);
    if (wanted === undefined) return;
    if (piece !== undefined && !take(wanted, piece)) return;
    this.wanted.delete(id);
    wanted.resolve(piece === undefined ? undefined : wanted.content?.buffer);
  }

  private forgetBytes(): void {
    for (const content of this.bytes.values()) release(content);
    this.bytes.clear();
    this.bytesKept = 0;
  }

  private send(answer: DecoderAnswer): void {
    this.port.postMessage(answer, transferred(answer));
  }
}

/** Whether it was the last piece. One that is all that was wanted is not copied. */
function take(wanted: Wanted, piece: ArrayBuffer): boolean {
  const { bytes } = wanted;
  if (piece.byteLength === bytes) {
    wanted.content = new Uint8Array(piece);
    return true;
  }
  wanted.content ??= new Uint8Array(releasableBuffer(bytes));
  wanted.content.set(new Uint8Array(piece), wanted.filled);
  wanted.filled += piece.byteLength;
  release(piece);
  return wanted.filled >= bytes;
}

function transferred(answer: DecoderAnswer): ArrayBuffer[] {
  if (answer.kind === 'opened') return [answer.schema.buffer as ArrayBuffer];
  if (answer.kind !== 'batch') return [];
  const { batch } = answer;
  return 'content' in batch ? [batch.content] : [batch.stream.buffer as ArrayBuffer];
}

/** Of the decoder; another one after it has grown. */
function memory(): ArrayBuffer {
  return (wasmMemory() as { readonly buffer: ArrayBuffer }).buffer;
}

if (parentPort !== null) new DecoderThread(parentPort);

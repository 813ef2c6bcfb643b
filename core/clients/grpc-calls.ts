import type * as grpcLibrary from '@grpc/grpc-js';
import type { Client, ClientReadableStream, Interceptor, Metadata } from '@grpc/grpc-js';
import { MessageGate } from './message-gate';

export type GrpcLibrary = typeof grpcLibrary;

/** Says which method, of which service: `/package.Service/Method`. */
export interface GrpcCall {
  readonly client: Client;
  readonly path: string;
  readonly request: Uint8Array;
  readonly metadata: Metadata;
}

/** A question with one answer. Rejects with the library's error, also when the signal aborts. */
export async function askGrpc(
  { client, path, request, metadata }: GrpcCall,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  // Not a listener of each call at the run's signal: from the eleventh on, Node.js warns of a leak.
  const aborted = AbortSignal.any([signal]);
  let stop = (): void => undefined;
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        path,
        asBuffer,
        asBytes,
        request,
        metadata,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (answer === undefined ? reject(error ?? new Error('no answer')) : resolve(answer)),
      );
      stop = () => call.cancel();
      aborted.addEventListener('abort', stop, { once: true });
    });
  } finally {
    aborted.removeEventListener('abort', stop);
  }
}

/** Nothing came for so long. */
export class SilentStream extends Error {}

/**
 * The messages of an answer, taken from the connection only as they are asked for: one is held while another one is in use. Ends when the
 * service says that all went well; throws the library's error, SilentStream, or the signal's reason.
 */
export async function* streamGrpc(
  grpc: GrpcLibrary,
  { client, path, request, metadata }: GrpcCall,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const gate = new MessageGate();
  const held: Interceptor = (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start: (started, _listener, next) =>
        next(started, {
          onReceiveMessage: (message, pass) => void gate.wait().then(() => pass(message)),
        }),
    });
  const call: ClientReadableStream<Uint8Array> = client.makeServerStreamRequest(
    path,
    asBuffer,
    asBytes,
    request,
    metadata,
    { interceptors: [held] },
  );
  // One that comes after the last message was taken has nobody else to hear it.
  call.on('error', () => undefined);
  const aborted = AbortSignal.any([signal]);
  const stop = (): void => call.cancel();
  aborted.addEventListener('abort', stop, { once: true });
  const messages = (call as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const silence = { passed: false };
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      gate.open();
      timer = setTimeout(() => {
        silence.passed = true;
        call.cancel();
      }, silenceMs);
      const next = await messages.next();
      clearTimeout(timer);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw silence.passed ? new SilentStream(`nothing came for ${silenceMs / 1000} s`) : error;
  } finally {
    clearTimeout(timer);
    aborted.removeEventListener('abort', stop);
    call.cancel();
    gate.openForGood();
  }
}

/** Waits until a server is reached. Rejects when that takes longer, or the signal aborts. */
export async function reachGrpc(client: Client, timeoutMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = AbortSignal.any([signal]);
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(new DOMException('aborted', 'AbortError'));
      aborted.addEventListener('abort', stop, { once: true });
      client.waitForReady(Date.now() + timeoutMs, (error) =>
        error === undefined ? resolve() : reject(error),
      );
    });
  } finally {
    aborted.removeEventListener('abort', stop);
  }
}

function asBuffer(message: Uint8Array): Buffer {
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

function asBytes(message: Buffer): Uint8Array {
  return message;
}

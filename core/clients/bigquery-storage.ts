import type { Client, Metadata } from '@grpc/grpc-js';
import { BeamliftError } from '../errors';
import type { Logger } from '../logger';
import { delayBeforeAttempt, RETRY_POLICIES, type RetryPolicy } from '../retry-policies';
import type { ArrowChunk, BigQueryStorage, ReadSession, SessionRequest } from './bigquery-storage-api';
import { tableName } from './bigquery-api';
import {
  GRPC,
  storageError,
  StorageFailure,
  storageFailure,
  type StorageCall,
} from './bigquery-storage-errors';
import {
  readRowsRequest,
  readRowsResponse,
  sessionOf,
  sessionRequest,
  type StorageMessages,
} from './bigquery-storage-messages';
import { beamliftErrorOf, GoogleServiceFailure } from './google-failures';
import type { GoogleLogin } from './google-login';
import { checkEndpoint } from './google-rest';
import { askGrpc, reachGrpc, SilentStream, streamGrpc, type GrpcCall, type GrpcLibrary } from './grpc-calls';
import { SYSTEM_CLOCK } from './system-clock';

const DEFAULT_ENDPOINT = 'https://bigquerystorage.googleapis.com';
const SERVICE = '/google.cloud.bigquery.storage.v1.BigQueryRead';
/** For making a session, in milliseconds: seconds are usual, a restriction over many partitions takes longer. */
const SESSION_MS = 120_000;
/** Without a message while one is waited for, in milliseconds: a restriction that few rows meet is scanned for minutes. */
const SILENCE_MS = 600_000;
/** Of one message, in bytes: rows of up to 128 MB are read (limits of ReadRows), others come as many in a message of a few MB. */
const MAX_MESSAGE_BYTES = 144 * 1024 * 1024;
/** What may be under way unasked in a stream, in bytes: HTTP/2's own 64 KiB hold a distant stream back. */
const FLOW_CONTROL_BYTES = 1024 * 1024;

export interface BigQueryStorageOptions {
  readonly login: GoogleLogin;
  /** That sessions are billed to. */
  readonly project: string;
  /** `https://bigquerystorage.googleapis.com` when absent; `http://` only with `credentials: anonymous`. */
  readonly endpoint?: string;
  /** Until the service must be reached, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly log: Logger;
  /** For tests. */
  readonly retry?: RetryPolicy;
}

/** The Storage Read API; nothing is loaded or connected yet. Throws CONFIG_INVALID for an endpoint that cannot be used. */
export function openBigQueryStorage(options: BigQueryStorageOptions): BigQueryStorage {
  return new GrpcStorage(options, checkEndpoint(options.endpoint ?? DEFAULT_ENDPOINT, options.login));
}

interface Loaded {
  readonly grpc: GrpcLibrary;
  readonly messages: StorageMessages;
  readonly client: Client;
}

class GrpcStorage implements BigQueryStorage {
  private loaded: Promise<Loaded> | undefined;
  private closed = false;

  constructor(
    private readonly options: BigQueryStorageOptions,
    private readonly endpoint: string,
  ) {}

  async createSession(request: SessionRequest, signal: AbortSignal): Promise<ReadSession> {
    const object = tableName(request.table);
    const { client, grpc, messages } = await this.load();
    await this.connect(client, object, signal);
    const message = sessionRequest(messages, this.options.project, request);
    return await this.repeated('session', object, signal, async () => {
      const metadata = await this.metadata(
        grpc,
        `read_session.table=${encodeURIComponent(message.table)}`,
        signal,
      );
      const call = { client, path: `${SERVICE}/CreateReadSession`, request: message.bytes, metadata };
      try {
        const answer = await askGrpc(call, SESSION_MS, signal);
        this.accepted(metadata);
        return sessionOf(messages, answer);
      } catch (error) {
        throw this.refused(error, metadata);
      }
    });
  }

  async *readStream(stream: string, signal: AbortSignal): AsyncGenerator<ArrowChunk, void, undefined> {
    const { client, grpc, messages } = await this.load();
    let offset = 0;
    let schema: Uint8Array | undefined;
    let attempt = 1;
    for (;;) {
      let progress = false;
      try {
        const metadata = await this.metadata(grpc, `read_stream=${encodeURIComponent(stream)}`, signal);
        const request = readRowsRequest(messages, stream, offset);
        const call = { client, path: `${SERVICE}/ReadRows`, request, metadata };
        for await (const bytes of this.streamed(grpc, call, signal)) {
          const response = readRowsResponse(messages, bytes);
          schema = response.schema ?? schema;
          const { rows, batch } = response;
          if (rows === 0) continue;
          if (schema === undefined || batch === undefined) throw incomplete(stream, rows);
          progress = true;
          offset += rows;
          yield { schema, batch, rows };
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BeamliftError) throw error;
        const failure = storageFailure(error);
        attempt = progress ? 1 : attempt + 1;
        await this.beforeRetry(failure, attempt, 'stream', stream, signal);
        this.options.log.debug('bigquery.stream_resumed', { stream, offset, status: failure.status });
      }
    }
  }

  close(): void {
    this.closed = true;
    void this.loaded?.then(({ client }) => client.close()).catch(() => undefined);
  }

  private async load(): Promise<Loaded> {
    if (this.closed) throw new BeamliftError('INTERNAL', { what: 'The Storage Read API is closed already' });
    this.loaded ??= this.open();
    return await this.loaded;
  }

  private async open(): Promise<Loaded> {
    const grpc = await import('@grpc/grpc-js');
    const { default: generated } = await import('@google-cloud/bigquery-storage/build/protos/protos.js');
    const { protocol, hostname, port } = new URL(this.endpoint);
    const isPlain = protocol === 'http:';
    const credentials = isPlain ? grpc.credentials.createInsecure() : grpc.credentials.createSsl();
    const address = `${hostname}:${port === '' ? (isPlain ? '80' : '443') : port}`;
    const client = new grpc.Client(address, credentials, {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc-node.flow_control_window': FLOW_CONTROL_BYTES,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 5_000,
    });
    return { grpc, client, messages: generated.google.cloud.bigquery.storage.v1 };
  }

  /** Waits until the service is reached at all: what stands in the way of gRPC is found out soon. */
  private async connect(client: Client, object: string, signal: AbortSignal): Promise<void> {
    const { connectTimeoutMs } = this.options;
    try {
      await reachGrpc(client, connectTimeoutMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new BeamliftError('CONNECTION_TIMEOUT', {
        what: `The Storage Read API of BigQuery was not reached within ${connectTimeoutMs / 1000} s`,
        where: { object },
        why: `No connection to ${new URL(this.endpoint).host}`,
        hint: 'Check the network and `storage_read_endpoint`, or set `read_method: rest`.',
        cause: error,
      });
    }
  }

  /** Also once more with another token, where the service refuses the one that it took before. */
  private async repeated<Result>(
    call: StorageCall,
    object: string,
    signal: AbortSignal,
    work: () => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ;) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BeamliftError) throw error;
        attempt++;
        await this.beforeRetry(storageFailure(error), attempt, call, object, signal);
      }
    }
  }

  /** Waits before attempt number `attempt`. Throws where another one is of no use. */
  private async beforeRetry(
    failure: StorageFailure,
    attempt: number,
    call: StorageCall,
    object: string,
    signal: AbortSignal,
  ): Promise<void> {
    const policy = this.options.retry ?? RETRY_POLICIES.google;
    const renewed = failure instanceof RefusedToken && failure.renewed && attempt <= 2;
    if (renewed) return;
    if (!failure.mayPass || attempt > policy.attempts) throw storageError(failure, call, object);
    await SYSTEM_CLOCK.sleep(Math.round(delayBeforeAttempt(policy, attempt - 1)), signal);
  }

  private async metadata(grpc: GrpcLibrary, routing: string, signal: AbortSignal): Promise<Metadata> {
    const metadata = new grpc.Metadata();
    try {
      const headers = await this.options.login.headers(signal);
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    } catch (error) {
      if (!(error instanceof GoogleServiceFailure)) throw error;
      throw beamliftErrorOf(error, { service: 'BigQuery', action: 'log in', object: this.options.project });
    }
    metadata.set('x-goog-request-params', routing);
    return metadata;
  }

  private async *streamed(
    grpc: GrpcLibrary,
    call: GrpcCall,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const bytes of streamGrpc(grpc, call, SILENCE_MS, signal)) {
        this.accepted(call.metadata);
        yield bytes;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SilentStream) throw new StorageFailure(GRPC.DEADLINE_EXCEEDED, error.message);
      throw this.refused(error, call.metadata);
    }
  }

  private accepted(metadata: Metadata): void {
    const [authorization] = metadata.get('authorization');
    if (typeof authorization === 'string') this.options.login.confirm({ authorization });
  }

  private refused(error: unknown, metadata: Metadata): StorageFailure {
    const failure = storageFailure(error);
    if (failure.status !== GRPC.UNAUTHENTICATED) return failure;
    const [authorization] = metadata.get('authorization');
    const used = typeof authorization === 'string' ? { authorization } : {};
    return new RefusedToken(failure.message, this.options.login.renew(used));
  }
}

/** The service did not take the token. */
class RefusedToken extends StorageFailure {
  constructor(
    message: string,
    /** Whether the next call has another one. */
    readonly renewed: boolean,
  ) {
    super(GRPC.UNAUTHENTICATED, message);
  }
}

function incomplete(stream: string, rows: number): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: `BigQuery announced ${rows} rows of a stream, and sent none of them`,
    where: { object: stream },
  });
}

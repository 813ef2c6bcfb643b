import { google } from '@google-cloud/bigquery-storage/build/protos/protos';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceError,
  type status,
} from '@grpc/grpc-js';

const messages = google.cloud.bigquery.storage.v1;
const SERVICE = '/google.cloud.bigquery.storage.v1.BigQueryRead';

/** A session as it was asked for. */
export interface AskedSession {
  readonly parent: string;
  readonly table: string;
  readonly fields: readonly string[];
  readonly restriction: string;
  /** Seconds since 1970; undefined: now. */
  readonly snapshotSeconds: number | undefined;
}

/** A stream as it was asked for. */
export interface AskedStream {
  readonly stream: string;
  readonly offset: number;
}

/** What goes wrong; each is called once per request. A number is a status of gRPC, and `undefined` lets it pass. */
export interface StorageFaults {
  session?: (session: AskedSession) => Fault | undefined;
  /** `after`: so many messages of the stream pass before it. */
  stream?: (stream: AskedStream) => (Fault & { readonly after: number }) | undefined;
}

export interface Fault {
  readonly code: status;
  readonly details: string;
}

/** Stands in front of a Storage Read API: passes messages on byte by byte, records what is asked for, and breaks it. */
export class StorageProxy {
  readonly sessions: AskedSession[] = [];
  readonly streams: AskedStream[] = [];
  /** Messages that the server sent, and that were passed on. */
  sent = 0;
  faults: StorageFaults = {};
  private readonly server = new Server();
  private readonly client: Client;
  private port = 0;

  private constructor(target: string) {
    this.client = new Client(target.replace(/^http:\/\//, ''), credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    const bytes = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    this.server.addService(
      {
        CreateReadSession: {
          path: `${SERVICE}/CreateReadSession`,
          requestStream: false,
          responseStream: false,
          ...bytes,
        },
        ReadRows: { path: `${SERVICE}/ReadRows`, requestStream: false, responseStream: true, ...bytes },
      },
      { CreateReadSession: this.createSession, ReadRows: this.readRows },
    );
  }

  static async start(target: string): Promise<StorageProxy> {
    const proxy = new StorageProxy(target);
    proxy.port = await new Promise<number>((resolve, reject) => {
      proxy.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  reset(): void {
    this.faults = {};
    this.sessions.length = 0;
    this.streams.length = 0;
    this.sent = 0;
  }

  stop(): void {
    this.server.forceShutdown();
    this.client.close();
  }

  private readonly createSession: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const { parent, readSession } = messages.CreateReadSessionRequest.decode(call.request);
    const seconds = readSession?.tableModifiers?.snapshotTime?.seconds;
    const asked: AskedSession = {
      parent,
      table: readSession?.table ?? '',
      fields: readSession?.readOptions?.selectedFields ?? [],
      restriction: readSession?.readOptions?.rowRestriction ?? '',
      snapshotSeconds: seconds === undefined || seconds === null ? undefined : Number(seconds),
    };
    this.sessions.push(asked);
    const fault = this.faults.session?.(asked);
    if (fault !== undefined) {
      done(asError(fault));
      return;
    }
    this.client.makeUnaryRequest(
      `${SERVICE}/CreateReadSession`,
      same,
      same,
      call.request,
      new Metadata(),
      (error, answer) => done(error, answer),
    );
  };

  private readonly readRows: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    const { readStream, offset } = messages.ReadRowsRequest.decode(call.request);
    const asked: AskedStream = { stream: readStream, offset: Number(offset) };
    this.streams.push(asked);
    const fault = this.faults.stream?.(asked);
    let passed = 0;
    const source = this.client.makeServerStreamRequest(
      `${SERVICE}/ReadRows`,
      same,
      same,
      call.request,
      new Metadata(),
    );
    const fail = (error: ServiceError): void => {
      source.cancel();
      call.emit('error', error);
    };
    source.on('data', (message: Buffer) => {
      if (fault !== undefined && passed >= fault.after) {
        fail(asError(fault));
        return;
      }
      passed++;
      this.sent++;
      if (!call.write(message)) {
        source.pause();
        call.once('drain', () => source.resume());
      }
    });
    source.on('end', () => (fault === undefined ? call.end() : fail(asError(fault))));
    source.on('error', (error: ServiceError) => {
      if (error.details !== 'Cancelled on client') fail(error);
    });
    call.on('cancelled', () => source.cancel());
  };
}

function same(message: Buffer): Buffer {
  return message;
}

function asError({ code, details }: Fault): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

import '../../pipelines/beam/sdk-entry';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Server,
  ServerCredentials,
  status,
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { Context, type Coder } from 'apache-beam/coders/coders';
import { FullWindowedValueCoder, GlobalWindowCoder } from 'apache-beam/coders/required_coders';
import { PaneInfoCoder, StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { PipelineContext } from 'apache-beam/internal/pipeline';
import {
  ProcessBundleDescriptor,
  RemoteGrpcPort,
  type Elements,
  type LogEntry_List as LogEntryList,
  type InstructionRequest,
  type InstructionResponse,
} from 'apache-beam/proto/beam_fn_api';
import {
  beamFnControlDefinition,
  beamFnDataDefinition,
  beamFnLoggingDefinition,
} from 'apache-beam/proto/beam_fn_api.grpc-server';
import { FunctionSpec, ParDoPayload, PCollection, PTransform } from 'apache-beam/proto/beam_runner_api';
import { GlobalWindow } from 'apache-beam/values';
import Long from 'long';
import { Reader, Writer } from 'protobufjs';

const SOURCE = 'source';
const SINK = 'sink';
const INPUT = new FullWindowedValueCoder(new StrUtf8Coder(), new GlobalWindowCoder());

/** The runner's side of Beam's worker protocol, as far as one step over texts needs it. */
export class FakeRunner {
  /** The texts that came back, by bundle. */
  readonly outputs = new Map<string, string[]>();
  /** Bundles whose outputs have all come. */
  readonly whole = new Set<string>();
  /** Whether it refuses, as Prism does, to describe bundles to who does not say who it is. */
  insistsOnId = true;
  /** What workers have logged. */
  readonly logged: string[] = [];
  private readonly output: FullWindowedValueCoder<unknown, GlobalWindow>;
  private readonly server = new Server({ 'grpc.max_receive_message_length': -1 });
  private readonly answers = new Map<string, (response: InstructionResponse) => void>();
  private control: ServerDuplexStream<InstructionResponse, InstructionRequest> | undefined;
  private data: ServerDuplexStream<Elements, Elements> | undefined;
  private readonly joined: Promise<unknown>;
  url = '';

  /** `step`: what the worker runs between source and sink. Its outputs that are no texts are kept as JSON. */
  constructor(
    private readonly step: FunctionSpec,
    output: Coder<unknown> = new StrUtf8Coder(),
  ) {
    this.output = new FullWindowedValueCoder(output, new GlobalWindowCoder());
    this.joined = new Promise((resolve) => {
      this.server.addService(beamFnControlDefinition, {
        control: (call: ServerDuplexStream<InstructionResponse, InstructionRequest>) => {
          this.control = call;
          call.on('data', (response: InstructionResponse) =>
            this.answers.get(response.instructionId)?.(response),
          );
          call.on('error', () => undefined);
          resolve(undefined);
        },
        getProcessBundleDescriptor: (
          call: ServerUnaryCall<unknown, ProcessBundleDescriptor>,
          answer: sendUnaryData<ProcessBundleDescriptor>,
        ) => {
          if (!this.insistsOnId || isKnown(call.metadata)) answer(null, this.descriptor());
          else answer({ code: status.INVALID_ARGUMENT, details: 'failed to find worker id in metadata' });
        },
      });
    });
    this.server.addService(beamFnDataDefinition, {
      data: (call: ServerDuplexStream<Elements, Elements>) => {
        this.data = call;
        call.on('data', (elements: Elements) => this.receive(elements));
        call.on('error', () => undefined);
      },
    });
    this.server.addService(beamFnLoggingDefinition, {
      logging: (call: ServerDuplexStream<LogEntryList, unknown>) => {
        call.on('error', () => undefined);
        call.on('end', () => call.end());
        call.on('data', ({ logEntries }: LogEntryList) => {
          this.logged.push(...logEntries.map(({ message }) => message));
        });
      },
    });
  }

  async start(): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.url = `127.0.0.1:${port}`;
  }

  /** Resolves when a worker has come. */
  async worker(): Promise<void> {
    await this.joined;
  }

  /** Sends an instruction; resolves with its answer. */
  async ask(instructionId: string, request: InstructionRequest['request']): Promise<InstructionResponse> {
    return await new Promise((resolve) => {
      this.answers.set(instructionId, resolve);
      this.control?.write({ instructionId, request });
    });
  }

  /** Runs a bundle whose elements come in one message for each of `messages`, and the mark of its end in one more. */
  async runBundle(
    instructionId: string,
    messages: readonly (readonly string[])[],
  ): Promise<InstructionResponse> {
    const answer = this.ask(instructionId, {
      oneofKind: 'processBundle',
      processBundle: { processBundleDescriptorId: 'bundle', cacheTokens: [] },
    });
    const over = new AbortController();
    const ended = answer.then(() => over.abort());
    // The data stream is opened with the first bundle whose descriptor the worker has.
    while (this.data === undefined && !over.signal.aborted) await Promise.race([ended, sleep(5)]);
    for (const texts of messages) this.send(instructionId, encode(texts), false);
    this.send(instructionId, new Uint8Array(), true);
    return await answer;
  }

  /** Ends the control stream as a runner does whose job is over. */
  goodbye(): void {
    this.control?.end();
  }

  /** Ends all streams as a runner does that dies. */
  async hangUp(): Promise<void> {
    this.server.forceShutdown();
    if (this.control !== undefined && !this.control.closed)
      await once(this.control, 'close').catch(() => undefined);
  }

  private send(instructionId: string, data: Uint8Array, isLast: boolean): void {
    this.data?.write({ data: [{ instructionId, transformId: SOURCE, data, isLast }], timers: [] });
  }

  private receive({ data }: Elements): void {
    for (const { instructionId, data: bytes, isLast } of data) {
      const texts = this.outputs.get(instructionId) ?? [];
      this.outputs.set(instructionId, texts);
      const reader = new Reader(bytes);
      while (reader.pos < reader.len) {
        const { value } = this.output.decode(reader, Context.needsDelimiters);
        texts.push(typeof value === 'string' ? value : JSON.stringify(value));
      }
      if (isLast) this.whole.add(instructionId);
    }
  }

  private descriptor(): ProcessBundleDescriptor {
    const descriptor = ProcessBundleDescriptor.create({ id: 'bundle' });
    const coders = new PipelineContext(descriptor, '');
    const [input, output] = [coders.getCoderId(INPUT), coders.getCoderId(this.output)];
    const port = (coderId: string): Uint8Array =>
      RemoteGrpcPort.toBinary({ apiServiceDescriptor: { url: this.url }, coderId });
    descriptor.transforms = {
      [SOURCE]: transform({ urn: 'beam:runner:source:v1', payload: port(input) }, [], ['in']),
      step: transform(this.step, ['in'], ['out']),
      [SINK]: transform({ urn: 'beam:runner:sink:v1', payload: port(output) }, ['out'], []),
    };
    descriptor.pcollections = {
      in: PCollection.create({ coderId: input }),
      out: PCollection.create({ coderId: output }),
    };
    return descriptor;
  }
}

function isKnown(metadata: Metadata): boolean {
  return metadata.get('worker_id').length > 0;
}

function transform(spec: FunctionSpec, inputs: string[], outputs: string[]): PTransform {
  const named = (names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, name]));
  return PTransform.create({ spec, inputs: named(inputs), outputs: named(outputs) });
}

function encode(texts: readonly string[]): Uint8Array {
  const writer = new Writer();
  for (const value of texts) {
    const element = {
      value,
      windows: [new GlobalWindow()],
      timestamp: Long.ZERO,
      pane: PaneInfoCoder.ONE_AND_ONLY_FIRING,
    };
    INPUT.encode(element, writer, Context.needsDelimiters);
  }
  return writer.finish();
}

/** What a worker makes an async ParDo of: the name of its function, its configuration, and elements at once. */
export function asyncStep(step: {
  readonly name: string;
  readonly config: unknown;
  readonly concurrency: number;
}): FunctionSpec {
  const doFn = FunctionSpec.create({
    urn: 'beamlift:dofn:async:v1',
    payload: new TextEncoder().encode(JSON.stringify(step)),
  });
  return FunctionSpec.create({
    urn: 'beam:transform:pardo:v1',
    payload: ParDoPayload.toBinary(ParDoPayload.create({ doFn })),
  });
}

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import type { ContainerClient } from '@azure/storage-blob' with { 'resolution-mode': 'import' };
import { BeamliftError } from '../errors';
import { RETRY_POLICIES, type RetryPolicy } from '../retry-policies';
import { withRetries } from '../with-retries';
import { describeAzureFailure } from './azure-answers';
import { azureError } from './azure-failures';
import { azureCredential } from './azure-login';
import type { AzureSettings } from './azure-settings';
import type { ListedObject, ObjectClient, ObjectPage, ObjectRange } from './object-client';

/** Azure gives up to 5,000; the names and metadata of so many would be megabytes in memory. */
const PAGE_OBJECTS = 1_000;
/** For one attempt until its headers, or a page, are here, in milliseconds. */
const CALL_TIMEOUT_MS = 60_000;
/** The longest silence within a body while somebody waits for it, in milliseconds. */
const SILENCE_TIMEOUT_MS = 60_000;

/** Tries of a host that no connection was ever made to: a wrong address is told soon. */
const ATTEMPTS_WITHOUT_CONTACT = 3;

export interface AzureBlobOptions {
  readonly settings: AzureSettings;
  /** For tests. */
  readonly retry?: RetryPolicy;
  readonly now?: () => number;
}

/** A container of Azure Blob Storage, for reading; the version of a blob is its entity tag. No request is made yet. */
export async function openAzureContainer(options: AzureBlobOptions): Promise<ObjectClient> {
  const { settings } = options;
  const { endpoint, container, login } = settings;
  const { ContainerClient: Container, newPipeline } = await import('@azure/storage-blob');
  const agent = endpoint.startsWith('http:')
    ? new HttpAgent({ keepAlive: true })
    : new HttpsAgent({ keepAlive: true });
  // `agent` is known to the pipeline below, not to the type of these options. Attempts are made here, redirects would carry the token elsewhere.
  const pipelineOptions = { agent, retryOptions: { maxTries: 1 }, redirectOptions: { maxRetries: 0 } };
  const pipeline = newPipeline(await azureCredential(login), pipelineOptions);
  const query = login.kind === 'sas' ? `?${login.token}` : '';
  const client = new Container(`${endpoint}/${encodeURIComponent(container)}${query}`, pipeline);
  return new AzureContainer(options, client, agent);
}

class AzureContainer implements ObjectClient {
  readonly location: string;
  private reached = false;

  constructor(
    private readonly options: AzureBlobOptions,
    private readonly client: ContainerClient,
    private readonly agent: HttpAgent | HttpsAgent,
  ) {
    const { account, container, endpoint } = options.settings;
    this.location = `azure://${account ?? new URL(endpoint).host}/${container}`;
  }

  async listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage> {
    return await this.called('list', prefix, signal, async ({ signal: abortSignal }) => {
      // Metadata tells the folders of accounts with a hierarchical namespace from blobs.
      const pages = this.client
        .listBlobsFlat({ prefix, includeMetadata: true, abortSignal })
        .byPage({ maxPageSize: PAGE_OBJECTS, ...(page === undefined ? {} : { continuationToken: page }) });
      const found = await pages.next();
      if (found.done === true) return { objects: [] };
      const { segment, continuationToken: next } = found.value;
      return {
        objects: segment.blobItems
          .filter(({ metadata }) => !isFolder(metadata))
          .map(({ name, properties }) => listed(name, properties)),
        ...(next === undefined || next === '' ? {} : { next }),
      };
    });
  }

  async find(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    return await this.called('look for', key, signal, async ({ signal: abortSignal }) => {
      try {
        const found = await this.client.getBlobClient(key).getProperties({ abortSignal });
        return isFolder(found.metadata) ? undefined : listed(key, found);
      } catch (error) {
        if (describeAzureFailure(error).code === 'BlobNotFound') return undefined;
        throw error;
      }
    });
  }

  async *read(range: ObjectRange, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { key, version, start, end } = range;
    const { body, attempt } = await this.called('read', key, signal, async (attempt) => {
      const answer = await this.client.getBlobClient(key).download(start, end - start, {
        abortSignal: attempt.signal,
        conditions: { ifMatch: `"${version}"` },
        // Whoever reads goes on from the byte reached.
        maxRetryRequests: 0,
      });
      const body = answer.readableStreamBody as Readable | undefined;
      if (body !== undefined && answer.contentLength === end - start) return { body, attempt };
      body?.destroy();
      throw new BeamliftError('SOURCE_REFUSED', {
        what: `Azure Blob Storage: could not read ${this.location}/${key}`,
        where: { object: `${this.location}/${key}` },
        why: 'the answer is not the range that was asked for',
        hint: 'Check `endpoint`: is it a service that answers requests for ranges?',
      });
    });
    const pieces = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      for (;;) {
        // Only while somebody waits: a slow reader is not a silent service.
        const next = await attempt
          .within(SILENCE_TIMEOUT_MS, async () => await pieces.next())
          .catch((error: unknown) => {
            throw this.translated(error, 'read', key, attempt, signal);
          });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      body.destroy();
    }
  }

  close(): Promise<void> {
    this.agent.destroy();
    return Promise.resolve();
  }

  /** A request, made again while that may help. Throws BeamliftError, or the signal's reason. */
  private async called<Result>(
    verb: string,
    key: string,
    signal: AbortSignal,
    ask: (attempt: Attempt) => Promise<Result>,
  ): Promise<Result> {
    const policy = this.options.retry ?? RETRY_POLICIES.objectRead;
    const answer = await withRetries(policy, signal, async (number) => {
      const attempt = new Attempt(signal);
      try {
        const result = await attempt.within(CALL_TIMEOUT_MS, async () => await ask(attempt));
        this.reached = true;
        return { result };
      } catch (error) {
        const translated = this.translated(error, verb, key, attempt, signal);
        if (translated.code === 'CONNECTION_REFUSED') {
          if (!this.reached && number >= ATTEMPTS_WITHOUT_CONTACT) return { final: translated };
        } else {
          this.reached = true;
          // The same request would find the same other version.
          if (translated.code === 'SOURCE_CHANGED') return { final: translated };
        }
        throw translated;
      }
    });
    if ('final' in answer) throw answer.final;
    return answer.result;
  }

  private translated(
    error: unknown,
    verb: string,
    key: string,
    attempt: Attempt,
    signal: AbortSignal,
  ): BeamliftError {
    signal.throwIfAborted();
    if (error instanceof BeamliftError) return error;
    const object = `${this.location}/${key}`;
    const said = describeAzureFailure(error);
    const failure = attempt.late === undefined ? said : { ...said, code: 'ETIMEDOUT', message: attempt.late };
    const nowMs = (this.options.now ?? Date.now)();
    return azureError(failure, { action: `${verb} ${object}`, object, ...this.options.settings, nowMs });
  }
}

/** One attempt, and what ends it besides the run: silence. */
class Attempt {
  readonly signal: AbortSignal;
  /** Why it was ended. */
  late: string | undefined;
  private readonly inner = new AbortController();

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.inner.signal]);
  }

  async within<Result>(limitMs: number, wait: () => Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => {
      this.late = `no answer within ${limitMs / 1000} s`;
      this.inner.abort();
    }, limitMs);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }
}

interface BlobProperties {
  readonly etag?: string | undefined;
  readonly contentLength?: number | undefined;
  readonly lastModified?: Date | undefined;
}

function listed(key: string, { etag, contentLength, lastModified }: BlobProperties): ListedObject {
  // Quoted in headers, plain in listings.
  const version = etag?.replace(/^"|"$/g, '') ?? '';
  if (version === '' || contentLength === undefined || lastModified === undefined) {
    throw new BeamliftError('SOURCE_REFUSED', {
      what: 'Azure Blob Storage: the answer cannot be used',
      where: { object: key },
      why: 'it names no entity tag, length or time of the blob',
      hint: 'Check `endpoint`: is it an address of Azure Blob Storage?',
    });
  }
  return { key, bytes: contentLength, version, lastModified: lastModified.toISOString() };
}

/** How accounts with a hierarchical namespace mark a folder, which they list as a blob. */
function isFolder(metadata: Readonly<Record<string, string>> | undefined): boolean {
  return metadata?.['hdi_isfolder'] === 'true';
}

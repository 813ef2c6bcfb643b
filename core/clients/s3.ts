import { addAbortSignal, Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { BeamliftError } from '../errors';
import type { ListedObject, ObjectClient, ObjectPage, ObjectRange } from './object-client';
import { codeOfS3Failure, s3Error, s3FailureOf, type S3Call } from './s3-failures';
import type { S3Settings } from './s3-settings';

/** How often a single request is made again, until its answer begins; the SDK waits up to 20 seconds before each. */
const RETRIES = 3;
/** Milliseconds until a connection is open. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Milliseconds until an answer begins. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * A bucket of S3; the version of an object is its entity tag. No request is made yet. Credentials that the settings leave open are found by the
 * SDK at the first request: this alone looks at the variables and files of the process.
 */
export async function openS3(settings: S3Settings, retries = RETRIES): Promise<ObjectClient> {
  const sdk = await import('@aws-sdk/client-s3');
  return new S3Bucket(sdk, new sdk.S3Client(clientConfig(settings, retries)), settings);
}

function clientConfig({ login, region, endpoint, pathStyle }: S3Settings, retries: number): S3ClientConfig {
  const silent = (): void => undefined;
  return {
    maxAttempts: 1 + retries,
    forcePathStyle: pathStyle,
    // Sums of whole objects do not come with ranges; length and version are proven.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: ANSWER_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    // Otherwise warnings go to the console.
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...loginConfig(login),
  };
}

function loginConfig(login: S3Settings['login']): S3ClientConfig {
  switch (login.kind) {
    case 'anonymous':
      return {
        credentials: { accessKeyId: '', secretAccessKey: '' },
        signer: { sign: (request) => Promise.resolve(request) },
      };
    case 'keys':
      return { credentials: login.keys };
    case 'chain':
      return login.profile === undefined ? {} : { profile: login.profile };
  }
}

class S3Bucket implements ObjectClient {
  readonly location: string;

  constructor(
    private readonly sdk: typeof Sdk,
    private readonly client: S3Client,
    private readonly settings: S3Settings,
  ) {
    this.location = `s3://${settings.bucket}`;
  }

  async listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage> {
    return await this.list({ prefix, page, most: undefined }, `list ${this.location}/${prefix}`, signal);
  }

  /** By a listing, whose refusals have words; by asking for the object itself only where listing is not allowed. */
  async find(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    const action = `look for ${this.location}/${key}`;
    try {
      const { objects } = await this.list({ prefix: key, page: undefined, most: 1 }, action, signal);
      return objects.find((object) => object.key === key);
    } catch (error) {
      if (!(error instanceof BeamliftError) || error.code !== 'RIGHTS_MISSING') throw error;
      return await this.head(key, error, signal);
    }
  }

  async *read(range: ObjectRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { key, version, start, end } = range;
    const call = this.call('read', `read ${this.location}/${key}`, key);
    let stream: Readable | undefined;
    let bytes = 0;
    try {
      const answer = await this.client.send(
        new this.sdk.GetObjectCommand({
          Bucket: this.settings.bucket,
          Key: key,
          Range: `bytes=${start}-${end - 1}`,
          IfMatch: `"${version}"`,
        }),
        { abortSignal: signal },
      );
      stream = bodyOf(answer);
      addAbortSignal(signal, stream);
      this.checkAnswer(answer, range);
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BeamliftError) throw error;
      throw stream === undefined ? s3Error(s3FailureOf(error), call) : this.broken(error, bytes, call);
    } finally {
      stream?.destroy();
    }
  }

  close(): Promise<void> {
    this.client.destroy();
    return Promise.resolve();
  }

  private async list(
    { prefix, page, most }: { prefix: string; page: string | undefined; most: number | undefined },
    action: string,
    signal: AbortSignal,
  ): Promise<ObjectPage> {
    const call = this.call('list', action, prefix);
    const command = new this.sdk.ListObjectsV2Command({
      Bucket: this.settings.bucket,
      Prefix: prefix,
      // XML cannot hold every character of a key.
      EncodingType: 'url',
      ...(page === undefined ? {} : { ContinuationToken: page }),
      ...(most === undefined ? {} : { MaxKeys: most }),
    });
    const answer = await this.send(call, signal, async () =>
      this.client.send(command, { abortSignal: signal }),
    );
    if (answer.Name === undefined && answer.Contents === undefined) throw this.noListing(call);
    const objects = (answer.Contents ?? []).map(({ Key: name = '', Size, ETag, LastModified }) => {
      const key = answer.EncodingType === 'url' ? decodeKey(name) : name;
      if (key === undefined) throw this.noListing(call);
      return this.listed(key, Size, ETag, LastModified);
    });
    const next = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    return { objects, ...(next === undefined ? {} : { next }) };
  }

  private noListing(call: S3Call): BeamliftError {
    return new BeamliftError('SOURCE_REFUSED', {
      what: `Could not ${call.action}`,
      where: { object: call.object },
      why: 'the answer is not a listing of S3',
      hint: `Check \`endpoint\`${call.endpoint === undefined ? '' : ` (${call.endpoint})`}: is it an address of a service that speaks S3?`,
    });
  }

  /** `refusal`: why it could not be listed, which says more than an answer without a body. */
  private async head(
    key: string,
    refusal: BeamliftError,
    signal: AbortSignal,
  ): Promise<ListedObject | undefined> {
    const command = new this.sdk.HeadObjectCommand({ Bucket: this.settings.bucket, Key: key });
    try {
      const found = await this.client.send(command, { abortSignal: signal });
      return this.listed(key, found.ContentLength, found.ETag, found.LastModified);
    } catch (error) {
      signal.throwIfAborted();
      const failure = s3FailureOf(error);
      if (failure.status === 404) return undefined;
      const code = codeOfS3Failure(failure, this.call('list', '', key));
      throw code === 'RIGHTS_MISSING'
        ? refusal
        : s3Error(failure, this.call('list', `look for ${this.location}/${key}`, key));
    }
  }

  private async send<Answer>(
    call: S3Call,
    signal: AbortSignal,
    request: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await request();
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(s3FailureOf(error), call);
    }
  }

  private listed(
    key: string,
    bytes: number | undefined,
    tag: string | undefined,
    modified: Date | undefined,
  ): ListedObject {
    const version = plainTag(tag);
    if (bytes !== undefined && version !== '') {
      return { key, bytes, version, lastModified: (modified ?? new Date(0)).toISOString() };
    }
    throw new BeamliftError('SOURCE_REFUSED', {
      what: 'The service lists an object without its size or entity tag',
      where: { object: `${this.location}/${key}` },
      why: 'without them a change of the object while it is read could not be seen',
      hint: 'Check that `endpoint` is a service that speaks S3.',
    });
  }

  /** That it is an answer to this request: services behind `endpoint` may not heed all of its headers. */
  private checkAnswer(answer: GetObjectCommandOutput, { key, version, start, end }: ObjectRange): void {
    const object = `${this.location}/${key}`;
    const found = plainTag(answer.ETag);
    if (found !== '' && found !== version) {
      throw new BeamliftError('SOURCE_CHANGED', {
        what: `${object} changed since it was listed`,
        where: { object },
        why: `it was listed with the entity tag ${version}, and has ${found} now`,
        hint: 'Run the job again when whatever writes the file has finished.',
      });
    }
    const range = /^bytes (\d+)-/.exec(answer.ContentRange ?? '')?.[1];
    const begins = range === undefined ? 0 : Number(range);
    if (begins === start && answer.ContentLength === end - start) return;
    throw new BeamliftError('SOURCE_REFUSED', {
      what: `Asked for bytes ${start} to ${end} of ${object}, the service sent others`,
      where: { object },
      why: `${answer.ContentRange ?? 'no range'}, ${answer.ContentLength ?? 'an unknown number of'} bytes`,
      hint: 'Check that `endpoint` is a service that answers requests for ranges.',
    });
  }

  private broken(error: unknown, bytes: number, call: S3Call): BeamliftError {
    const { message } = s3FailureOf(error);
    return new BeamliftError('CONNECTION_LOST', {
      what: `Could not ${call.action} to its end`,
      where: { object: call.object },
      why: `the connection broke after ${bytes} bytes of the answer: ${message}`,
      hint: 'Run the job again; if that does not help, check the network between here and the service.',
    });
  }

  private call(kind: S3Call['kind'], action: string, key: string): S3Call {
    const { bucket, region, endpoint, login } = this.settings;
    return {
      kind,
      action,
      object: `${this.location}/${key}`,
      bucket,
      region,
      endpoint,
      credentials: originOf(login),
    };
  }
}

function originOf(login: S3Settings['login']): string | undefined {
  switch (login.kind) {
    case 'anonymous':
      return undefined;
    case 'keys':
      return login.origin;
    case 'chain':
      return login.profile === undefined ? 'the default chain of AWS' : `the profile ${login.profile}`;
  }
}

/** The SDK says that a body may be other things, too: in browsers. */
function bodyOf({ Body: body }: GetObjectCommandOutput): Readable {
  if (body instanceof Readable) return body;
  throw new BeamliftError('INTERNAL', { what: 'The AWS SDK gave an answer that is no stream' });
}

/** As listings and answers write it: with quotes, or without. */
function plainTag(tag: string | undefined): string {
  return (tag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
}

/** Listings encode keys as forms do: a space is a `+`. Undefined: it is not encoded like that. */
function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

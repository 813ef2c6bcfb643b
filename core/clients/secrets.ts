import { open } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError, systemCode } from '../errors';
import type { Environment, SecretResolver } from '../extractor';
import { nearestName } from '../nearest-name';
import { RETRY_POLICIES, type RetryPolicy } from '../retry-policies';
import type { SecretRedactor } from '../secret-redactor';
import { parseSecretText, type SecretReference } from '../secret-references';
import { openSealed, SECRET_KEY_HINT, SECRET_KEY_VARIABLE, SecretKeys } from '../sealed-secrets';
import { GoogleAccessTokens, TOKEN_ENDPOINTS, type TokenEndpoints } from './google-access-token';
import { accessSecretVersion, SECRET_MANAGER_ENDPOINT, SecretManagerProblem } from './secret-manager';

/** The longest secret, in bytes: what Secret Manager allows, and more than any key file has. */
export const MAX_SECRET_BYTES = 64 * 1024;

export interface SecretResolverOptions {
  readonly environment: Environment;
  /** `${file:path}` is meant from here; absolute. */
  readonly baseFolder: string;
  /** What `${inline:path}` stands for, by path; the texts may hold references of the other kinds. */
  readonly inlineSecrets: ReadonlyMap<string, string>;
  /** What `${connection:NAME/FIELD}` stands for, by `NAME/FIELD`, as `sealSecret` made it. Absent: there are none. */
  readonly sealedSecrets?: ReadonlyMap<string, string>;
  /** Told of every value before anyone else sees it. */
  readonly redactor: SecretRedactor;
  /** For tests: how Google is reached. */
  readonly fetch?: typeof fetch;
  readonly secretManagerEndpoint?: string;
  readonly tokenEndpoints?: TokenEndpoints;
  readonly retry?: RetryPolicy;
}

/**
 * Resolves references to environment variables, files, Secret Manager and inline secrets. Each reference is resolved once;
 * a failure is not kept. SECRET_UNRESOLVED names the reference, never a value.
 */
export function createSecretResolver(options: SecretResolverOptions): SecretResolver {
  const sources = new SecretSources(options);
  const shared = new Map<string, SharedCall>();
  for (const text of options.inlineSecrets.values()) {
    const { parts } = parseSecretText(text);
    if (parts.every((part) => typeof part === 'string')) options.redactor.remember(parts.join(''));
  }

  async function valueOf(reference: SecretReference, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    if (reference.kind === 'inline') return await resolveText(sources.inline(reference), signal, false);
    if (reference.kind === 'connection') {
      return await resolveText(await sources.sealed(reference), signal, false);
    }
    let call = shared.get(reference.text);
    if (call === undefined || call.abandoned) {
      call = new SharedCall(async (callSignal) => {
        const value = await sources.read(reference, callSignal);
        options.redactor.remember(value);
        return value;
      });
      shared.set(reference.text, call);
    }
    try {
      return await call.join(signal);
    } catch (error) {
      if (shared.get(reference.text) === call) shared.delete(reference.text);
      throw error;
    }
  }

  async function resolveText(text: string, signal: AbortSignal, inlineAllowed: boolean): Promise<string> {
    const { parts, problems } = parseSecretText(text);
    const [problem] = problems;
    if (problem !== undefined) {
      throw new BeamliftError('SECRET_UNRESOLVED', { what: `A secret reference is not valid: ${problem}` });
    }
    const values: string[] = [];
    for (const part of parts) {
      if (typeof part === 'string') {
        values.push(part);
      } else if ((part.kind === 'inline' || part.kind === 'connection') && !inlineAllowed) {
        throw unresolved(part, 'A secret that was written out may not refer to another one.', undefined);
      } else {
        values.push(await valueOf(part, signal));
      }
    }
    const value = values.join('');
    // A value pieced together from secrets is one as a whole, too.
    if (parts.length > 1 || !inlineAllowed) options.redactor.remember(value);
    return value;
  }

  return { resolve: async (text, signal) => await resolveText(text, signal, true) };
}

/** Where the values of references are. */
class SecretSources {
  private readonly tokens: GoogleAccessTokens;
  private readonly keys: SecretKeys;

  constructor(private readonly options: SecretResolverOptions) {
    this.tokens = new GoogleAccessTokens(
      options.environment,
      this.http,
      options.tokenEndpoints ?? TOKEN_ENDPOINTS,
    );
    this.keys = new SecretKeys(options.environment[SECRET_KEY_VARIABLE]);
  }

  private get http(): { fetch: typeof fetch; retry: RetryPolicy } {
    return { fetch: this.options.fetch ?? fetch, retry: this.options.retry ?? RETRY_POLICIES.secret };
  }

  inline(reference: SecretReference): string {
    const text = this.options.inlineSecrets.get(reference.target);
    if (text !== undefined) return text;
    throw unresolved(
      reference,
      'Its value is not known to this process.',
      'Run the command with the configuration file that holds it, or use ${env:…}, ${file:…} or ${secret:…}.',
    );
  }

  /** The text that the run store keeps encrypted; it may hold references of the other kinds. */
  async sealed(reference: SecretReference): Promise<string> {
    const { target } = reference;
    const slash = target.indexOf('/');
    const [name, field] = [target.slice(0, slash), target.slice(slash + 1)];
    const sealed = this.options.sealedSecrets?.get(reference.target);
    if (sealed === undefined) {
      throw unresolved(
        reference,
        'It is kept in the run store, which this process has not read.',
        'Use ${env:…}, ${file:…} or ${secret:…} where other machines do the work.',
      );
    }
    const opened = await openSealed(sealed, { name, field }, this.keys);
    if ('text' in opened) return opened.text;
    throw unresolved(reference, opened.problem, SECRET_KEY_HINT);
  }

  async read(reference: SecretReference, signal: AbortSignal): Promise<string> {
    switch (reference.kind) {
      case 'env':
        return this.variable(reference);
      case 'file':
        return await this.file(reference, signal);
      case 'secret':
        return await this.secretManager(reference, signal);
      case 'inline':
        return this.inline(reference);
      case 'connection':
        return await this.sealed(reference);
    }
  }

  private variable(reference: SecretReference): string {
    const { environment } = this.options;
    const value = environment[reference.target];
    if (value !== undefined) return value;
    const near = nearestName(reference.target, Object.keys(environment));
    throw unresolved(
      reference,
      `The environment variable ${reference.target} is not set.`,
      near === undefined ? `Set it: export ${reference.target}=…` : `Set it, or did you mean ${near}?`,
    );
  }

  private async file(reference: SecretReference, signal: AbortSignal): Promise<string> {
    const file = path.resolve(this.options.baseFolder, reference.target);
    let bytes: Uint8Array;
    try {
      bytes = await readAtMost(file, MAX_SECRET_BYTES + 1, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw unresolved(
        reference,
        `${file} ${describeFileError(error)}`,
        'Relative paths are meant from the folder of the configuration file.',
        error,
      );
    }
    return textOf(reference, bytes, file).replace(/\r?\n$/, '');
  }

  private async secretManager(reference: SecretReference, signal: AbortSignal): Promise<string> {
    const endpoint = this.options.secretManagerEndpoint ?? SECRET_MANAGER_ENDPOINT;
    try {
      const bytes = await accessSecretVersion(
        reference.target,
        { endpoint, http: this.http, tokens: this.tokens },
        signal,
      );
      return textOf(reference, bytes, 'Its payload');
    } catch (error) {
      if (!(error instanceof SecretManagerProblem)) throw error;
      throw unresolved(reference, error.message, error.hint, error);
    }
  }
}

/** Reads from the beginning to the end or `limit`; works for pipes, which have no size. */
async function readAtMost(file: string, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(limit);
    let length = 0;
    while (length < limit) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, length, limit - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

function textOf(reference: SecretReference, bytes: Uint8Array, holder: string): string {
  if (bytes.byteLength > MAX_SECRET_BYTES) {
    throw unresolved(reference, `${holder} has more than ${MAX_SECRET_BYTES / 1024} KiB.`, undefined);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unresolved(reference, `${holder} is not UTF-8 text.`, undefined);
  }
}

function describeFileError(error: unknown): string {
  const code = systemCode(error);
  switch (code) {
    case 'ENOENT':
      return 'does not exist.';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user.';
    case 'EISDIR':
      return 'is a folder.';
    default:
      return `cannot be read (${code ?? 'unknown reason'}).`;
  }
}

function unresolved(
  reference: SecretReference,
  why: string,
  hint: string | undefined,
  cause?: unknown,
): BeamliftError {
  return new BeamliftError('SECRET_UNRESOLVED', {
    what: `The secret reference ${reference.text} could not be resolved`,
    why,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** One piece of work for several callers: each may leave, and when all have left, it is aborted. */
class SharedCall {
  private readonly controller = new AbortController();
  private readonly result: Promise<string>;
  private waiting = 0;
  private settled = false;

  constructor(work: (signal: AbortSignal) => Promise<string>) {
    this.result = work(this.controller.signal).finally(() => {
      this.settled = true;
    });
    this.result.catch(() => undefined);
  }

  /** Whether it was aborted: whoever comes now needs another one. */
  get abandoned(): boolean {
    return this.controller.signal.aborted;
  }

  /** The result, or the caller's own reason to leave. */
  async join(signal: AbortSignal): Promise<string> {
    this.waiting++;
    let leave: (() => void) | undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([this.result, left]);
    } finally {
      if (leave !== undefined) signal.removeEventListener('abort', leave);
      this.waiting--;
      if (this.waiting === 0 && !this.settled) this.controller.abort();
    }
  }
}

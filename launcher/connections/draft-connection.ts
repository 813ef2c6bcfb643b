import path from 'node:path';
import { BeamliftError } from '../../core/errors';
import type { Environment } from '../../core/extractor';
import { type JsonObject, jsonObjectSchema } from '../../core/plan';
import type { SecretRedactor } from '../../core/secret-redactor';
import { SECRET_KEY_VARIABLE, SecretKeys } from '../../core/sealed-secrets';
import { parseSecretText } from '../../core/secret-references';
import { formatProblem, ProblemList, type ProblemPlaces } from '../config/configuration-problem';
import {
  ALL_MODULES,
  connectionRole,
  type EndpointModule,
  type EndpointRole,
  findModule,
} from '../config/endpoint-modules';
import { escapeReferences, NO_CREDENTIALS } from '../config/endpoint-texts';
import { readUrl } from '../config/endpoint-url';
import { type Fields, isFields, valueAt, withoutAt } from '../config/field-paths';
import { NAME, NAME_RULE } from '../config/file-schema';
import type { NamedConnection } from '../config/job-spec';
import { readEndpoint } from '../config/read-endpoint';
import { sealedReference, writtenFields } from '../config/stored-endpoints';
import type { Prompter } from '../init/prompter';
import { askConnection } from './ask-connection';
import type { StoredConnection } from './connection-store';
import { fixedPaths } from './fixed-paths';
import { gatherFields, ownName, type ConnectionAnswers } from './gather-fields';

export interface ConnectionDraftRequest {
  readonly name: string;
  readonly answers: ConnectionAnswers;
  /** What is stored under the name, to be edited. */
  readonly existing: StoredConnection | undefined;
  /** Asks for everything; undefined: the answers are all there is. */
  readonly prompter: Prompter | undefined;
  /** Relative paths are meant from here; absolute. */
  readonly folder: string;
  readonly environment: Environment;
  readonly redactor: SecretRedactor;
}

/** A connection that is right, about to be stored. */
export interface ConnectionDraft {
  readonly name: string;
  readonly type: string;
  /** As they are stored: without `secrets` and `kept`. */
  readonly fields: JsonObject;
  /** Secrets that were written out, by field; texts in the syntax of references. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Encrypted secrets that stay as they are. */
  readonly kept: ReadonlyMap<string, string>;
  /** As jobs would have it, with what its secrets stand for. */
  readonly read: ReadConnection;
}

/** A connection as jobs have it, and what resolving its references needs. */
export interface ReadConnection {
  readonly named: NamedConnection;
  readonly inlineSecrets: ReadonlyMap<string, string>;
  readonly sealedSecrets: ReadonlyMap<string, string>;
}

/**
 * Puts the answers together with what is stored, and checks them as those of a file are. Throws CONFIG_INVALID with all problems, none of
 * which shows a value; the redactor knows the secrets before.
 */
export async function draftConnection(request: ConnectionDraftRequest): Promise<ConnectionDraft> {
  const { name, existing, prompter, folder, environment, redactor } = request;
  const problems = new ProblemList();
  if (!NAME.test(name)) problems.add(['name'], NAME_RULE);
  const role = connectionRole(ALL_MODULES);
  const keys = new SecretKeys(environment[SECRET_KEY_VARIABLE]);
  const answers =
    prompter === undefined
      ? request.answers
      : await askConnection(request.answers, { role, existing, prompter, keys });
  const raw = gatherFields(answers, { name, existing, role, environment, problems });
  rememberSecrets(raw, { role, environment, redactor });
  reportBorrowed(raw, [], { name, existing, problems });
  const inlineSecrets = new Map<string, string>();
  const context = { environment, baseFolder: folder, problems, inlineSecrets, isStored: true };
  const read = readEndpoint({ name, raw, path: [name] }, role, context);
  if (read?.pattern !== undefined) {
    problems.add([name, 'url'], 'names files: a connection is a folder, and a job says which files');
  }
  const module = read && findModule(role, read.named.type);
  if (existing !== undefined && module !== undefined && module.type !== existing.type) {
    problems.add([name], `is of kind ${existing.type}: delete it and add a new one to have ${module.type}`);
  }
  if (read === undefined || module === undefined || problems.size > 0) {
    throw invalid(name, problems, answers.places);
  }
  const own = ownFields(raw, role, environment);
  const { secrets, fields, kept } = separate(own, { name, existing, module, folder });
  const sealedSecrets = new Map([...kept].map(([field, text]) => [`${name}/${field}`, text]));
  return {
    name,
    type: module.type,
    fields,
    secrets,
    kept,
    read: { named: read.named, inlineSecrets, sealedSecrets },
  };
}

/** A stored connection as jobs have it. Throws CONFIG_INVALID where this version does not understand it. */
export function readStoredConnection(
  stored: StoredConnection,
  environment: Environment,
  folder: string,
): ReadConnection {
  const { name, sealed } = stored;
  const problems = new ProblemList();
  const inlineSecrets = new Map<string, string>();
  const context = { environment, baseFolder: folder, problems, inlineSecrets, isStored: true };
  const written = { name, raw: writtenFields(stored), path: [name] };
  const read = readEndpoint(written, connectionRole(ALL_MODULES), context);
  if (read === undefined) throw invalid(name, problems, undefined);
  const sealedSecrets = new Map(Object.entries(sealed).map(([field, text]) => [`${name}/${field}`, text]));
  return { named: read.named, inlineSecrets, sealedSecrets };
}

function invalid(name: string, problems: ProblemList, places: ProblemPlaces | undefined): BeamliftError {
  const located = problems.located(places ?? { file: undefined, place: () => undefined });
  const count = located.length === 1 ? '1 problem' : `${located.length} problems`;
  return new BeamliftError('CONFIG_INVALID', {
    what: `Connection ${name} has ${count}`,
    where: { connection: name },
    why: located.map(formatProblem).join('\n'),
    hint: 'Nothing was stored. docs/configuration.md has the fields of every kind.',
  });
}

/** Literal pieces of secrets, also of those in a URL; nothing of them may be shown, whatever else is wrong. */
function rememberSecrets(
  raw: Fields,
  {
    role,
    environment,
    redactor,
  }: Pick<ConnectionDraftRequest, 'environment' | 'redactor'> & {
    readonly role: EndpointRole;
  },
): void {
  const { source_type: type, url } = raw;
  const reading = typeof url === 'string' ? readUrl(url, role, environment) : undefined;
  const fromUrl = reading === undefined || 'problem' in reading ? undefined : reading;
  const module = fromUrl?.module ?? (typeof type === 'string' ? findModule(role, type) : undefined);
  for (const field of module?.secretFields ?? []) {
    const words = Object.entries(module?.fieldAliases ?? {}).filter(([, own]) => own === field);
    for (const word of [field, ...words.map(([alias]) => alias)]) {
      rememberLiterals(valueAt(raw, word), redactor);
      rememberLiterals(valueAt(fromUrl?.fields ?? {}, word), redactor);
    }
  }
}

function rememberLiterals(text: unknown, redactor: SecretRedactor): void {
  if (typeof text !== 'string' || text === NO_CREDENTIALS) return;
  for (const part of parseSecretText(text).parts) if (typeof part === 'string') redactor.remember(part);
}

/** The fields without the kind and the URL, which stands for fields. */
function ownFields(raw: Fields, role: EndpointRole, environment: Environment): Record<string, unknown> {
  const { url, ...rest } = raw;
  const own: Record<string, unknown> = { ...rest };
  for (const key of role.typeKeys) Reflect.deleteProperty(own, key);
  const reading = typeof url === 'string' ? readUrl(url, role, environment) : undefined;
  return reading === undefined || 'problem' in reading ? own : { ...reading.fields, ...own };
}

interface Separated {
  readonly fields: JsonObject;
  readonly secrets: ReadonlyMap<string, string>;
  readonly kept: ReadonlyMap<string, string>;
}

interface SeparateContext {
  readonly name: string;
  readonly existing: StoredConnection | undefined;
  readonly module: EndpointModule;
  readonly folder: string;
}

function separate(own: Fields, { name, existing, module, folder }: SeparateContext): Separated {
  const secrets = new Map<string, string>();
  const kept = new Map<string, string>();
  let fields: Fields = Object.fromEntries(
    Object.entries(own).map(([field, value]) => [ownName(field, module), fixedPaths(value, folder)]),
  );
  for (const field of module.secretFields) {
    const text = valueAt(fields, field);
    const sealed = existing?.sealed[field];
    const stays = sealed !== undefined && text === sealedReference(name, field);
    if (stays) kept.set(field, sealed);
    else if (isPlainSecret(field, text)) secrets.set(field, text);
    if (stays || secrets.has(field)) fields = withoutAt(fields, field);
  }
  for (const field of module.pathFields) {
    const text = fields[field];
    if (typeof text !== 'string' || !isLiteral(text)) continue;
    const literal = parseSecretText(text).parts.map(String).join('');
    fields = { ...fields, [field]: escapeReferences(path.resolve(folder, literal)) };
  }
  return { fields: jsonObjectSchema.parse(fields), secrets, kept };
}

/** Whether any of it was written out, so that it must not be stored as it is. */
function isPlainSecret(field: string, value: unknown): value is string {
  if (typeof value !== 'string' || (field === 'credentials' && value === NO_CREDENTIALS)) return false;
  return parseSecretText(value).parts.some((part) => typeof part === 'string');
}

function isLiteral(text: string): boolean {
  return parseSecretText(text).parts.every((part) => typeof part === 'string');
}

/** Secrets of other connections and fields cannot be referred to: only what stays as it is refers to itself. */
function reportBorrowed(
  value: unknown,
  at: readonly string[],
  context: Pick<SeparateContext, 'name' | 'existing'> & { readonly problems: ProblemList },
): void {
  if (Array.isArray(value)) {
    for (const item of value) reportBorrowed(item, at, context);
  } else if (isFields(value)) {
    for (const [key, member] of Object.entries(value)) {
      reportBorrowed(member, [...at, key], context);
    }
  } else if (typeof value === 'string') {
    const { name, existing, problems } = context;
    const field = at.join('.');
    const isOwn = existing?.sealed[field] !== undefined && value === sealedReference(name, field);
    const { parts } = parseSecretText(value);
    if (isOwn || !parts.some((part) => typeof part !== 'string' && part.kind === 'connection')) return;
    const advice = 'write ${env:…}, ${file:…} or ${secret:…}';
    problems.add([name, ...at], `\${connection:…} is made by beamlift itself; ${advice}`);
  }
}

import { z } from 'zod';
import type { Environment } from '../../core/extractor';
import type { ProblemList, ProblemPlaces } from '../config/configuration-problem';
import { type EndpointModule, type EndpointRole, findModule } from '../config/endpoint-modules';
import { escapeReferences } from '../config/endpoint-texts';
import { readUrl } from '../config/endpoint-url';
import { type Fields, isFields, setAt, valueAt, withoutAt } from '../config/field-paths';
import { nearKey, unknownKeyText } from '../config/schema-problems';
import { sealedReference } from '../config/stored-endpoints';
import type { StoredConnection } from './connection-store';
import { schemaAt } from './field-schema';

/** What a person says about a connection, by flags or at questions. */
export interface ConnectionAnswers {
  readonly type?: string | undefined;
  readonly url?: string | undefined;
  /** Fields as texts, as typed: `port=5432`. */
  readonly texts: ReadonlyMap<string, string>;
  /** Secrets from stdin or a question: taken literally. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Fields to remove. */
  readonly unset: readonly string[];
  /** The mapping in a file; it replaces what is stored, but for secrets that it does not have. */
  readonly mapping?: Readonly<Record<string, unknown>> | undefined;
  /** Finds lines of that file. */
  readonly places?: ProblemPlaces | undefined;
}

interface GatherContext {
  readonly name: string;
  readonly existing: StoredConnection | undefined;
  readonly role: EndpointRole;
  readonly environment: Environment;
  readonly problems: ProblemList;
}

/** Keys that are no fields. */
const KIND_KEYS: readonly string[] = ['source_type', 'type', 'url'];

/** All fields as a file would have them; encrypted secrets that stay are references to themselves. */
export function gatherFields(answers: ConnectionAnswers, context: GatherContext): Fields {
  const { name, existing, role, environment, problems } = context;
  const { type, url, mapping: written = {}, places } = answers;
  const said = type ?? written['source_type'] ?? written['type'];
  const address = url ?? written['url'];
  const reading = typeof address === 'string' ? readUrl(address, role, environment) : undefined;
  const fromUrl = reading === undefined || 'problem' in reading ? undefined : reading;
  const module =
    fromUrl?.module ??
    (typeof said === 'string' ? findModule(role, said) : undefined) ??
    (existing === undefined ? undefined : findModule(role, existing.type));

  const nameOf = (field: string): string => ownName(field, module);
  const texts = renamed([...answers.texts], nameOf);
  const secrets = renamed([...answers.secrets], nameOf);
  const mapping = renamed(Object.entries(written), nameOf);
  const unset = answers.unset.map(nameOf);
  const isReplaced = places !== undefined;
  let raw: Fields = isReplaced ? {} : (existing?.fields ?? {});
  // What a URL says takes the place of what is stored.
  for (const field of Object.keys(fromUrl?.fields ?? {})) raw = withoutAt(raw, field);
  for (const [field, value] of mapping) {
    if (!KIND_KEYS.includes(field)) raw = setAt(raw, field, value);
  }
  for (const [field, text] of texts) raw = setAt(raw, field, typedValue(text, field, module));
  for (const [field, text] of secrets) {
    if (module !== undefined && !module.secretFields.includes(field)) {
      problems.add([name, field], notSecret(field, module));
    }
    raw = setAt(raw, field, escapeReferences(text));
  }
  const given = (field: string): boolean =>
    valueAt(raw, field) !== undefined || valueAt(fromUrl?.fields ?? {}, field) !== undefined;
  for (const [field, value] of storedSecrets(existing, module)) {
    const holder = field.includes('.') ? valueAt(raw, field.replace(/\.[^.]*$/, '')) : raw;
    if (!given(field) && isFields(holder)) raw = setAt(raw, field, value);
  }
  for (const field of unset) {
    if (valueAt(raw, field) === undefined) problems.add([name, field], unsetProblem(field, Object.keys(raw)));
    raw = withoutAt(raw, field);
  }
  const kind = said ?? (address === undefined ? existing?.type : undefined);
  return {
    ...raw,
    ...(kind === undefined ? {} : { source_type: kind }),
    ...(address === undefined ? {} : { url: address }),
  };
}

/** The field that another word for it means. */
export function ownName(field: string, module: Pick<EndpointModule, 'fieldAliases'> | undefined): string {
  const { fieldAliases = {} } = module ?? {};
  return (Object.hasOwn(fieldAliases, field) ? fieldAliases[field] : undefined) ?? field;
}

/** Fields under their own names. One that is there under both of its names keeps them, which is a problem that reading it tells. */
function renamed<Value>(
  fields: readonly (readonly [string, Value])[],
  nameOf: (field: string) => string,
): (readonly [string, Value])[] {
  const given = new Set(fields.map(([field]) => field));
  return fields.map(([field, value]) => {
    const own = nameOf(field);
    return [own !== field && given.has(own) ? field : own, value];
  });
}

/** Secrets that stay where they are not given again: encrypted ones as references to themselves. */
function storedSecrets(
  existing: StoredConnection | undefined,
  module: EndpointModule | undefined,
): (readonly [field: string, value: unknown])[] {
  if (existing === undefined) return [];
  const { name, sealed, fields } = existing;
  const references = (module?.secretFields ?? []).map((field) => [field, valueAt(fields, field)] as const);
  return [
    ...Object.keys(sealed).map((field) => [field, sealedReference(name, field)] as const),
    ...references.filter(([, value]) => value !== undefined),
  ];
}

function unsetProblem(field: string, known: readonly string[]): string {
  const near = nearKey(field, known);
  return near === undefined ? 'is not set' : `is not set; did you mean ${near}?`;
}

function notSecret(field: string, { schema, secretFields }: EndpointModule): string {
  const fields = Object.keys(schema.shape);
  if (!fields.includes(field.split('.')[0] ?? '')) return unknownKeyText(field, secretFields);
  return `is no secret: give it with --set ${field}=…`;
}

/** The text as the type that the field has: `--set port=5432` is a number, `--set password=5432` a text. */
function typedValue(text: string, field: string, module: EndpointModule | undefined): unknown {
  const schema = module && schemaAt(module.schema, field);
  if (schema === undefined || z.safeParse(schema, text).success) return text;
  let value: unknown;
  if (/^-?\d{1,15}(?:\.\d+)?$/.test(text)) value = Number(text);
  else if (text === 'true' || text === 'false') value = text === 'true';
  else if (/^[[{]/.test(text)) value = parsedJson(text);
  return value ?? text;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

import type { Environment } from '../../core/extractor';
import { type JsonObject, jsonObjectSchema } from '../../core/plan';
import { type Path, type ProblemList, quoted } from './configuration-problem';
import { type EndpointModule, type EndpointRole, findModule } from './endpoint-modules';
import { expandFields, resolvePaths, takeSecrets } from './endpoint-texts';
import { readUrl } from './endpoint-url';
import type { NamedConnection } from './job-spec';
import { checkSchema, nearKey, oneOf, typeText } from './schema-problems';

/** What reading connections and destinations needs besides them. */
export interface EndpointContext {
  readonly environment: Environment;
  readonly baseFolder: string;
  readonly problems: ProblemList;
  /** Receives the secrets that were written out. */
  readonly inlineSecrets: Map<string, string>;
  /** It is read from the run store, and may hold `${connection:NAME/FIELD}`. */
  readonly isStored?: boolean;
}

/** A connection or destination as it was written. */
export interface WrittenEndpoint {
  readonly name: string;
  readonly raw: unknown;
  readonly path: Path;
  /** The kind, where it is not among the fields: `source_type` of a job beside `connection_params`. */
  readonly type?: { readonly value: string; readonly path: Path };
  /** Where the URL is, if not in the field `url`. */
  readonly urlPath?: Path;
}

export interface ReadEndpoint {
  readonly named: NamedConnection;
  /** The pattern in the URL of `--from`. */
  readonly pattern: string | undefined;
}

/**
 * Checks the fields by the schema of their kind, takes the secrets out and makes paths absolute.
 * Undefined: there were problems, which are in the list.
 */
export function readEndpoint(
  written: WrittenEndpoint,
  role: EndpointRole,
  context: EndpointContext,
): ReadEndpoint | undefined {
  const { problems } = context;
  const { raw, path } = written;
  if (!isMapping(raw)) {
    problems.add(path, typeText('object', raw));
    return undefined;
  }
  const before = problems.size;
  const kind = readKind(written, raw, role, problems);
  const own: Record<string, unknown> = { ...raw };
  const kindKeys = written.type === undefined ? role.typeKeys : [];
  const urlKeys = role.typeKeys.length === 0 ? [] : ['url'];
  for (const key of [...kindKeys, ...urlKeys]) Reflect.deleteProperty(own, key);

  const source = urlKeys.some((key) => Object.hasOwn(raw, key))
    ? readUrlField(raw['url'], written, own, kind, role, context)
    : kind && { module: kind, fields: own, pattern: undefined };
  if (source === undefined) return undefined;
  const { module, pattern } = source;
  const fields = renameFields(source.fields, module, path, problems);
  const expanded = expandFields(fields, module, { ...context, path });
  const parsed = checkSchema(module.schema, expanded, path, problems, {
    alsoKnown: [...kindKeys.slice(0, 1), ...urlKeys],
  });
  if (problems.size > before || parsed === undefined) return undefined;

  const resolved = resolvePaths(jsonObjectSchema.parse(parsed), module, context.baseFolder);
  const config = takeSecrets(resolved, module.secretFields, path.join('.'), context.inlineSecrets);
  return { named: { name: written.name, type: module.type, config }, pattern };
}

/** The fields under their own names. What is said under both names is a problem. */
function renameFields(
  fields: Readonly<Record<string, unknown>>,
  { fieldAliases = {} }: Pick<EndpointModule, 'fieldAliases'>,
  path: Path,
  problems: ProblemList,
): Readonly<Record<string, unknown>> {
  const renamed = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    const field = Object.hasOwn(fieldAliases, name) ? fieldAliases[name] : undefined;
    if (field !== undefined && (Object.hasOwn(fields, field) || Object.hasOwn(renamed, field))) {
      problems.add([...path, name], `${name} is another word for ${field}: write one of them`);
    }
    renamed[field ?? name] = value;
  }
  return renamed;
}

/** The module of the kind that is named; undefined: none is, or it is wrong (then there is a problem). */
function readKind(
  written: WrittenEndpoint,
  raw: Readonly<Record<string, unknown>>,
  role: EndpointRole,
  problems: ProblemList,
): EndpointModule | undefined {
  if (written.type !== undefined) return kindOf(written.type.value, written.type.path, role, problems);
  const keys = role.typeKeys.filter((key) => Object.hasOwn(raw, key));
  const [key, second] = keys;
  if (key === undefined) {
    if (!Object.hasOwn(raw, 'url')) reportNoKind(written.path, raw, role, problems);
    return undefined;
  }
  if (second !== undefined) {
    problems.add([...written.path, second], `${second} is another word for ${key}: write one of them`);
  }
  return kindOf(raw[key], [...written.path, key], role, problems);
}

/** No key says the kind; perhaps one was meant to. */
function reportNoKind(
  path: Path,
  raw: Readonly<Record<string, unknown>>,
  role: EndpointRole,
  problems: ProblemList,
): void {
  for (const key of Object.keys(raw)) {
    const meant = nearKey(key, [...role.modules.flatMap(fieldNames), ...role.typeKeys, 'url']);
    if (meant === undefined || !(role.typeKeys.includes(meant) || meant === 'url')) continue;
    problems.add([...path, key], `there is no such key; did you mean ${meant}?`);
    return;
  }
  problems.add(path, `says no kind: write ${role.typeKeys[0] ?? 'type'}: ${kinds(role)}; or a url`);
}

function fieldNames({ schema }: EndpointModule): string[] {
  return Object.keys(schema.shape);
}

function kindOf(
  value: unknown,
  path: Path,
  role: EndpointRole,
  problems: ProblemList,
): EndpointModule | undefined {
  if (typeof value !== 'string') {
    problems.add(path, typeText('string', value));
    return undefined;
  }
  const module = findModule(role, value);
  if (module !== undefined) return module;
  if (role.announced.includes(value)) {
    problems.add(path, `${value} is not available in this version; write ${kinds(role)}`);
    return undefined;
  }
  const names = role.modules.flatMap(({ type, aliases }) => [type, ...aliases]);
  const near = nearKey(value, [...names, ...role.announced]);
  const advice = near === undefined ? `write ${kinds(role)}` : `did you mean ${near}?`;
  problems.add(path, `there is no ${role.noun} of kind ${quoted(value)}; ${advice}`);
  return undefined;
}

function kinds(role: EndpointRole): string {
  return oneOf(role.modules.map((module) => module.type));
}

interface UrlFields {
  readonly module: EndpointModule;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly pattern: string | undefined;
}

function readUrlField(
  url: unknown,
  written: WrittenEndpoint,
  own: Readonly<Record<string, unknown>>,
  kind: EndpointModule | undefined,
  role: EndpointRole,
  { environment, problems }: EndpointContext,
): UrlFields | undefined {
  const path = written.urlPath ?? [...written.path, 'url'];
  if (typeof url !== 'string' || url === '') {
    problems.add(path, url === '' ? 'must not be empty' : typeText('string', url));
    return undefined;
  }
  const reading = readUrl(url, role, environment);
  if ('problem' in reading) {
    problems.add(path, reading.problem);
    return undefined;
  }
  const { module, pattern } = reading;
  if (kind !== undefined && kind !== module) {
    problems.add(path, `is a URL of ${module.type}, but the kind says ${kind.type}`);
    return undefined;
  }
  const fields: JsonObject = reading.fields;
  for (const name of Object.keys(own)) {
    if (!Object.hasOwn(fields, name)) continue;
    problems.add([...written.path, name], 'is in the url, too: write it in one of them');
  }
  return { module, fields: { ...fields, ...own }, pattern };
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

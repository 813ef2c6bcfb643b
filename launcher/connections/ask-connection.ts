import type { SecretKeys } from '../../core/sealed-secrets';
import { parseSecretText } from '../../core/secret-references';
import { type EndpointModule, type EndpointRole, findModule } from '../config/endpoint-modules';
import { valueAt } from '../config/field-paths';
import type { Choice, Prompter } from '../init/prompter';
import type { StoredConnection } from './connection-store';
import { hintOf, innerFields, isOptional, schemaAt } from './field-schema';
import type { ConnectionAnswers } from './gather-fields';

/** Optional fields that are asked for by themselves; others are offered. */
const USUAL_FIELDS: readonly string[] = [
  'host',
  'port',
  'database',
  'user',
  'password',
  'path',
  'project',
  'bucket',
  'bucket_path',
  'container',
  'prefix',
  'region',
  'endpoint',
  'access_key_id',
  'secret_access_key',
  'account',
  'connection_string',
  'credentials',
];

interface AskContext {
  readonly role: EndpointRole;
  readonly existing: StoredConnection | undefined;
  readonly prompter: Prompter;
  readonly keys: SecretKeys;
}

/** Asks for the kind and the fields of a connection, as the kind describes them; what is answered already is not asked. */
export async function askConnection(
  answers: ConnectionAnswers,
  { role, existing, prompter, keys }: AskContext,
): Promise<ConnectionAnswers> {
  const type = answers.type ?? existing?.type ?? (await askKind(role, prompter));
  const module = findModule(role, type);
  if (module === undefined) return { ...answers, type };
  const texts = new Map(answers.texts);
  const secrets = new Map(answers.secrets);
  const ask = async (field: string): Promise<void> => {
    const answer = module.secretFields.includes(field)
      ? await askSecret(field, existing, { prompter, keys })
      : await askField(field, module, existing, prompter);
    if (answer === undefined) return;
    if (!module.secretFields.includes(field) || isReference(answer)) {
      texts.set(field, answer);
      return;
    }
    // Before more is asked: without a key it cannot be stored.
    keys.requireStrong();
    secrets.set(field, answer);
  };

  const { schema } = module;
  const given = new Set([...texts.keys(), ...secrets.keys()]);
  const open = Object.keys(schema.shape).filter((field) => !given.has(field));
  const asked = open.filter((field) => !isOptional(schemaAt(schema, field)) || USUAL_FIELDS.includes(field));
  for (const field of asked) await ask(field);

  let others = open.filter((field) => !asked.includes(field));
  while (others.length > 0) {
    const field = await askOther(others, module, prompter);
    if (field === undefined) break;
    const inner = innerFields(schema, field);
    for (const path of inner.length === 0 ? [field] : inner) if (!given.has(path)) await ask(path);
    others = others.filter((other) => other !== field);
  }
  return { ...answers, type, texts, secrets };
}

async function askKind({ modules }: EndpointRole, prompter: Prompter): Promise<string> {
  const choices = modules.map(({ type, title }) => ({ value: type, label: `${type}: ${title}` }));
  return await prompter.choose('What kind of source?', '--type', choices);
}

/** Nothing typed: what is stored stays. */
async function askSecret(
  field: string,
  existing: StoredConnection | undefined,
  { prompter, keys }: Pick<AskContext, 'prompter' | 'keys'>,
): Promise<string | undefined> {
  const kept = existing?.sealed[field] !== undefined || valueAt(existing?.fields ?? {}, field) !== undefined;
  const empty = kept ? 'empty: as it is' : 'empty: none';
  const advice = keys.isSet
    ? 'or a reference such as ${env:NAME}'
    : `a reference such as \${env:NAME}, since ${keys.variable} is not set`;
  const typed = await prompter.secret(`${field} (${empty}; ${advice})`, `--secret-stdin ${field}`);
  return typed === '' ? undefined : typed;
}

async function askField(
  field: string,
  module: EndpointModule,
  existing: StoredConnection | undefined,
  prompter: Prompter,
): Promise<string | undefined> {
  const stored = valueAt(existing?.fields ?? {}, field);
  const suggestion =
    typeof stored === 'string' ? stored : stored === undefined ? undefined : JSON.stringify(stored);
  const schema = schemaAt(module.schema, field);
  const about = hintOf(schema);
  const question = about === undefined ? field : `${field} (${about})`;
  if (isOptional(schema)) return await prompter.optionalText(question, suggestion);
  return await prompter.text(question, `--set ${field}=…`, suggestion);
}

async function askOther(
  others: readonly string[],
  { schema }: EndpointModule,
  prompter: Prompter,
): Promise<string | undefined> {
  const choices: Choice<string | undefined>[] = [
    { value: undefined, label: 'no, that is all' },
    ...others.map((field) => {
      const says = hintOf(schemaAt(schema, field));
      return { value: field, label: field, ...(says === undefined ? {} : { says }) };
    }),
  ];
  return await prompter.choose('Set anything else?', '--set', choices);
}

/** Whether what was typed is a reference and nothing else. */
function isReference(text: string): boolean {
  const { parts, problems } = parseSecretText(text);
  return problems.length === 0 && parts.length === 1 && typeof parts[0] !== 'string';
}

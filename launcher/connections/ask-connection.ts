import { z } from 'zod';
import type { Environment } from '../../core/extractor';
import { parseSecretText } from '../../core/secret-references';
import { type EndpointModule, type EndpointRole, findModule } from '../config/endpoint-modules';
import type { Choice, Prompter } from '../init/prompter';
import type { StoredConnection } from './connection-store';
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

/** Of a field's description. */
const MAX_HINT = 100;

interface AskContext {
  readonly role: EndpointRole;
  readonly existing: StoredConnection | undefined;
  readonly prompter: Prompter;
  readonly environment: Environment;
}

/** Asks for the kind and the fields of a connection, as the kind describes them; what is answered already is not asked. */
export async function askConnection(
  answers: ConnectionAnswers,
  { role, existing, prompter }: AskContext,
): Promise<ConnectionAnswers> {
  const type = answers.type ?? existing?.type ?? (await askKind(role, prompter));
  const module = findModule(role, type);
  if (module === undefined) return { ...answers, type };
  const texts = new Map(answers.texts);
  const secrets = new Map(answers.secrets);
  const ask = async (field: string): Promise<void> => {
    const answer = module.secretFields.includes(field)
      ? await askSecret(field, existing, prompter)
      : await askField(field, module, existing, prompter);
    if (answer === undefined) return;
    if (module.secretFields.includes(field) && !isReference(answer)) secrets.set(field, answer);
    else texts.set(field, answer);
  };

  const shape: Readonly<Record<string, z.core.$ZodType>> = module.schema.shape;
  const open = Object.keys(shape).filter((field) => !texts.has(field) && !secrets.has(field));
  const required = open.filter((field) => !isOptional(shape[field]));
  const asked = open.filter((field) => required.includes(field) || USUAL_FIELDS.includes(field));
  for (const field of asked) await ask(field);

  let others = open.filter((field) => !asked.includes(field));
  while (others.length > 0) {
    const field = await askOther(others, module, prompter);
    if (field === undefined) break;
    await ask(field);
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
  prompter: Prompter,
): Promise<string | undefined> {
  const kept = existing?.sealed[field] !== undefined || existing?.fields[field] !== undefined;
  const empty = kept ? 'empty: as it is' : 'empty: none';
  const typed = await prompter.secret(
    `${field} (${empty}; or a reference such as \${env:NAME})`,
    `--secret-stdin ${field}`,
  );
  return typed === '' ? undefined : typed;
}

async function askField(
  field: string,
  module: EndpointModule,
  existing: StoredConnection | undefined,
  prompter: Prompter,
): Promise<string | undefined> {
  const stored = existing?.fields[field];
  const suggestion =
    stored === undefined || stored === null
      ? undefined
      : typeof stored === 'object'
        ? JSON.stringify(stored)
        : String(stored);
  const shape: Readonly<Record<string, z.core.$ZodType>> = module.schema.shape;
  const about = hintOf(shape[field]);
  const question = about === undefined ? field : `${field} (${about})`;
  if (isOptional(shape[field])) return await prompter.optionalText(question, suggestion);
  return await prompter.text(question, `--set ${field}=…`, suggestion);
}

async function askOther(
  others: readonly string[],
  { schema }: EndpointModule,
  prompter: Prompter,
): Promise<string | undefined> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const choices: Choice<string | undefined>[] = [
    { value: undefined, label: 'no, that is all' },
    ...others.map((field) => {
      const says = hintOf(shape[field]);
      return { value: field, label: field, ...(says === undefined ? {} : { says }) };
    }),
  ];
  return await prompter.choose('Set anything else?', '--set', choices);
}

function isOptional(schema: z.core.$ZodType | undefined): boolean {
  return schema === undefined || z.safeParse(schema, undefined).success;
}

/** The description of a field, on one line. */
function hintOf(schema: z.core.$ZodType | undefined): string | undefined {
  const described = schema instanceof z.ZodType ? schema.description : undefined;
  if (described === undefined) return undefined;
  const text = described.replace(/\.$/, '');
  return text.length > MAX_HINT ? `${text.slice(0, MAX_HINT - 1)}…` : text;
}

/** Whether what was typed is a reference and nothing else. */
function isReference(text: string): boolean {
  const { parts, problems } = parseSecretText(text);
  return problems.length === 0 && parts.length === 1 && typeof parts[0] !== 'string';
}

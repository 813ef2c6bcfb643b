import { z } from 'zod';
import {
  ALL_MODULES,
  type ConfigurationModules,
  connectionRole,
  destinationRole,
  type EndpointModule,
  type EndpointRole,
} from './endpoint-modules';
import { ENDPOINT_KEYS, FILE_KEYS, NAME, runnersSchema } from './file-schema';
import { jobSchema } from './job-schema';
import { RUN_STORE_ROLE } from './run-store-role';
import { RUNNER_ROLE } from './runner-role';

/** A URL of a run store, or a variable that holds one. */
const RUN_STORE_URL = '^(sqlite:.|postgres(ql)?://|gs://.|\\$\\{env:)';

/** A JSON schema; only what this file and the reference look at is named. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

/** The configuration file as a JSON schema (draft 7), for editors. What belongs together is checked by `beamlift check` alone. */
export function configurationJsonSchema(modules: ConfigurationModules = ALL_MODULES): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'beamlift configuration',
    type: 'object',
    additionalProperties: false,
    required: ['jobs'],
    properties: {
      connections: { ...FILE_KEYS.connections, ...byName(endpointSchema(connectionRole(modules))) },
      destinations: { ...FILE_KEYS.destinations, ...byName(endpointSchema(destinationRole(modules))) },
      defaults: { ...toJsonSchema(jobSchema), ...FILE_KEYS.defaults },
      jobs: { ...FILE_KEYS.jobs, ...byName(toJsonSchema(jobSchema)), minProperties: 1 },
      runners: { ...runners(), ...FILE_KEYS.runners },
      run_store: {
        ...FILE_KEYS.run_store,
        anyOf: [{ type: 'string', pattern: RUN_STORE_URL }, ...(endpointSchema(RUN_STORE_ROLE).anyOf ?? [])],
      },
    },
  };
}

/** The fields of one kind of connection or destination. */
export function moduleJsonSchema(module: EndpointModule): JsonSchema {
  return toJsonSchema(module.schema);
}

/** The rules, and each runner's own keys under its name. */
function runners(): JsonSchema {
  const rules = toJsonSchema(runnersSchema);
  const described = RUNNER_ROLE.modules.map((module) => {
    const fields = moduleJsonSchema(module);
    const properties = mapValues(fields.properties ?? {}, orVariable);
    return [
      module.type,
      { ...fields, properties, description: `Describes the runner: ${module.title}.` },
    ] as const;
  });
  return { ...rules, properties: { ...rules.properties, ...Object.fromEntries(described) } };
}

function byName(schema: JsonSchema): JsonSchema {
  return {
    type: 'object',
    propertyNames: {
      pattern: NAME.source.replaceAll('\\p{L}', 'A-Za-z\\u0080-\\uffff').replaceAll('\\p{N}', '0-9'),
    },
    additionalProperties: schema,
  };
}

/** One alternative for each kind and each key that may name it, and one for URLs. */
function endpointSchema(role: EndpointRole): JsonSchema {
  const url: JsonSchema = {
    type: 'object',
    properties: { url: { type: 'string', minLength: 1, description: ENDPOINT_KEYS.url } },
    required: ['url'],
  };
  const kinds = role.modules.flatMap((module) =>
    role.typeKeys.map((typeKey) => endpointOfKind(module, typeKey as 'source_type' | 'type')),
  );
  return { anyOf: [...kinds, url] };
}

function endpointOfKind(module: EndpointModule, typeKey: 'source_type' | 'type'): JsonSchema {
  const fields = moduleJsonSchema(module);
  const aliases = Object.entries(module.fieldAliases ?? {});
  const aliased = aliases.map(([alias, field]) => [alias, aliasSchema(field)] as const);
  // one of the words is needed, which of them this schema does not say
  const required = (fields.required ?? []).filter((field) => aliases.every(([, other]) => other !== field));
  return {
    ...fields,
    title: module.title,
    properties: {
      [typeKey]: {
        type: 'string',
        enum: [module.type, ...module.aliases],
        description: ENDPOINT_KEYS[typeKey],
      },
      ...mapValues(fields.properties ?? {}, orVariable),
      ...Object.fromEntries(aliased),
    },
    required: [typeKey, ...required],
  };
}

function aliasSchema(field: string): JsonSchema {
  return { description: `Another word for \`${field}\`.` };
}

/** A field that is no free text may be filled in from an environment variable, too: `port: "${env:PGPORT}"`. */
function orVariable(field: JsonSchema): JsonSchema {
  if (field.type === 'string' && field.enum === undefined && field['pattern'] === undefined) return field;
  if (field.properties !== undefined)
    return { ...field, properties: mapValues(field.properties, orVariable) };
  const { description, default: fallback, examples, ...value } = field;
  const variable = { type: 'string', pattern: '\\$\\{env:[^}]+\\}' };
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [value, variable],
  };
}

function mapValues(
  fields: Readonly<Record<string, JsonSchema>>,
  change: (field: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]));
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const fields = Object.entries(z.toJSONSchema(schema, { io: 'input', target: 'draft-07' }));
  return Object.fromEntries(fields.filter(([keyword]) => keyword !== '$schema'));
}

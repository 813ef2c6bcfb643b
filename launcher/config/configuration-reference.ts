import {
  ALL_MODULES,
  type ConfigurationModules,
  connectionRole,
  destinationRole,
  type EndpointModule,
  type EndpointRole,
} from './endpoint-modules';
import { ENDPOINT_KEYS, FILE_KEYS } from './file-schema';
import { CATEGORY_KEYS } from './job-schema';
import { RUN_STORE_ROLE } from './run-store-role';
import { configurationJsonSchema, type JsonSchema, moduleJsonSchema } from './json-schema';

/** The example of the page; a test loads it. */
export const REFERENCE_EXAMPLE = `connections:
  shop:
    source_type: postgresql
    host: 127.0.0.1
    database: shop
    user: etl
    password: "\${env:SHOP_PASSWORD}"
  here:
    source_type: local
    path: ./data
destinations:
  warehouse:
    type: duckdb
    path: warehouse.duckdb
defaults:
  destination: warehouse
jobs:
  orders:
    connection: shop
    source_table_name: public.orders
    load_type: transactional
    timestamp_column: created_at
  sales:
    connection: here
    file_pattern: "sales/**/*.csv"
    load_type: catalog`;

/** docs/configuration.md: every key of a configuration file with its type, default, meaning and an example. */
export function configurationReference(modules: ConfigurationModules = ALL_MODULES): string {
  const { properties = {} } = configurationJsonSchema(modules);
  const job = properties['defaults'] ?? {};
  return [
    '# Configuration',
    'A configuration is one YAML (or JSON) file: `-f FILE`, else `BEAMLIFT_CONFIG`, else `./beamlift.yaml`, `./beamlift.yml` or `./beamlift.json`. Relative paths in it are meant from its folder. A key that is not in these tables is an error, and so is one that a job cannot use; all problems are reported at once, with line and column. `beamlift schema` prints the JSON schema for editors.',
    ['```yaml', REFERENCE_EXAMPLE, '```'].join('\n'),
    '## Top-level keys',
    table(topRows(properties)),
    '## Secrets',
    secretsText(modules),
    ...endpointSections('Connections', connectionRole(modules), ['source_type', 'type', 'url']),
    ...endpointSections('Destinations', destinationRole(modules), ['type', 'url']),
    '## Jobs',
    'Every key may also stand in `defaults`, for all jobs.',
    table(rows(job, [], jobNote)),
    '## Runners',
    table(rows(properties['runners'] ?? {}, [])),
    ...endpointSections('Run stores', RUN_STORE_ROLE, ['type', 'url']),
    '',
  ].join('\n\n');
}

interface ReferenceRow {
  readonly key: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

function topRows(properties: Readonly<Record<string, JsonSchema>>): ReferenceRow[] {
  return Object.keys(FILE_KEYS).map((key) => {
    const schema = properties[key] ?? {};
    return {
      key,
      type: key === 'run_store' ? 'text or mapping' : 'mapping',
      default: defaultText(schema),
      meaning: meaning(schema),
    };
  });
}

/** A row for each key, those of nested mappings behind the mapping's own. */
function rows(
  schema: JsonSchema,
  path: readonly string[],
  note: (key: string) => string = () => '',
): ReferenceRow[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = [...path, name].join('.');
    const needed = required.has(name) ? 'needed' : defaultText(property);
    const row = {
      key,
      type: typeText(property),
      default: needed,
      meaning: `${meaning(property)}${note(key)}`,
    };
    const nested = property.properties === undefined ? [] : rows(property, [...path, name]);
    return [row, ...nested];
  });
}

function jobNote(key: string): string {
  const known = (names: readonly string[]): boolean => names.includes(key);
  if (known(CATEGORY_KEYS.database)) return ' Databases only.';
  return known(CATEGORY_KEYS.files) ? ' Files only.' : '';
}

function endpointSections(
  title: string,
  role: EndpointRole,
  keys: readonly (keyof typeof ENDPOINT_KEYS)[],
): string[] {
  return [
    `## ${title}`,
    table(
      keys.map((key) => ({
        key,
        type: key === 'url' ? 'text' : role.modules.map(({ type }) => `\`${type}\``).join(', '),
        default: '',
        meaning: ENDPOINT_KEYS[key],
      })),
    ),
    ...role.modules.flatMap((module) => [
      `### \`${module.type}\`: ${module.title}`,
      ...(module.aliases.length === 0
        ? []
        : [`Also called ${module.aliases.map((alias) => `\`${alias}\``).join(', ')}.`]),
      table(
        rows(moduleJsonSchema(module), [], (key) => (module.secretFields.includes(key) ? ' A secret.' : '')),
      ),
      ...aliasText(module),
    ]),
  ];
}

function aliasText({ fieldAliases = {} }: EndpointModule): string[] {
  const aliases = Object.entries(fieldAliases).map(([alias, field]) => `\`${alias}\` for \`${field}\``);
  return aliases.length === 0 ? [] : [`Other words are understood, too: ${aliases.join(', ')}.`];
}

function secretsText(modules: ConfigurationModules): string {
  const secretsOf = (what: string, role: EndpointRole): string[] =>
    role.modules
      .filter(({ secretFields }) => secretFields.length > 0)
      .map(
        ({ type, secretFields }) =>
          `${what}${type}: ${secretFields.map((field) => `\`${field}\``).join(', ')}`,
      );
  const secret = [
    ...secretsOf('', connectionRole(modules)),
    ...secretsOf('', destinationRole(modules)),
    ...secretsOf('run store ', RUN_STORE_ROLE),
  ];
  return [
    'A secret is written as a reference, which is resolved when the connection is opened:',
    [
      '- `${env:NAME}`: an environment variable.',
      '- `${file:path}`: a file; one line end at its end is left out.',
      '- `${secret:projects/P/secrets/S/versions/V}`: Google Secret Manager, with the credentials of GOOGLE_APPLICATION_CREDENTIALS, of `gcloud auth application-default login`, or of the machine.',
    ].join('\n'),
    `A secret that is written out works, too, and shows up nowhere. A literal \`\${\` is written \`$\${\`. In other fields of connections and destinations \`\${env:NAME}\` is filled in when the configuration is read, and may then stand in plans and messages; jobs take no references.${secret.length === 0 ? '' : ` Secret fields are: ${secret.join('; ')}.`}`,
  ].join('\n\n');
}

function table(lines: readonly ReferenceRow[]): string {
  const cells = lines.map((row) => [`\`${row.key}\``, row.type, row.default, row.meaning]);
  return [['key', 'type', 'default', 'meaning'], ['---', '---', '---', '---'], ...cells]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');
}

function meaning({ description = '', examples = [] }: JsonSchema): string {
  const ends = description === '' || /[.!?]$/.test(description) ? description : `${description}.`;
  if (examples.length === 0) return ends;
  return `${ends} Example: ${examples.map((example) => `\`${exampleText(example)}\``).join(', ')}.`;
}

/** As YAML on one line. */
function exampleText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(exampleText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, member]) => `${exampleText(key)}: ${exampleText(member)}`)
      .join(', ')} }`;
  }
  if (typeof value !== 'string' || /^[A-Za-z_][A-Za-z0-9_ .]*$/.test(value)) return String(value);
  return /["\\]/.test(value) && !value.includes("'") ? `'${value}'` : JSON.stringify(value);
}

function defaultText({ default: value }: JsonSchema): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true or false',
  null: 'nothing',
};

function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeText))].join(' or ');
  if (Array.isArray(schema.type)) return schema.type.map(wordOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'object') return 'mapping';
  return wordOf(schema.type);
}

function wordOf(type: unknown): string {
  return typeof type === 'string' ? (TYPE_WORDS[type] ?? type) : 'any';
}

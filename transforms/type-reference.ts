import type { PolicySet } from '../core/policies';
import { DEFAULT_POLICIES, policiesSchema } from '../core/policies';
import { formatType } from '../core/format-type';
import type { ColumnType, TypeKind } from '../core/schema';
import type { DestinationKind } from './cells/rule';
import { CONVERSIONS } from './conversions';

/** What a destination gives to source columns in tables that it creates, for the last chapter. */
export interface CreatedTypes {
  readonly title: string;
  readonly typeFor: (type: ColumnType) => ColumnType;
  /** The destination's own name of such a type; absent: ours. */
  readonly nameOf?: (type: ColumnType) => string;
  /** Sentences about its types. */
  readonly notes?: readonly string[];
}

const KINDS = Object.keys(CONVERSIONS) as TypeKind[];
const DESTINATIONS = KINDS.filter((kind) => kind !== 'variant');

const KIND_WORDS: Readonly<Record<TypeKind, string>> = {
  bool: 'true or false',
  int: 'whole numbers of 8 to 128 bits, signed or unsigned',
  float: 'binary floating point of 32 or 64 bits, with NaN and the infinities',
  decimal: 'exact decimal numbers; a source may send NaN and infinities',
  string: 'text; perhaps with a greatest length, or one of the values of an enum',
  bytes: 'bytes',
  json: 'JSON documents: a text in one is quoted and stays quoted',
  variant: 'values of JSON files, where no type is declared: a text means that text; only sources have it',
  uuid: 'uuids',
  date: 'days of the proleptic Gregorian calendar',
  time: 'times of day',
  datetime: 'dates with times of day, in no zone',
  timestamp: 'points in time',
  interval: 'lengths of time in months, days and microseconds',
  array: 'lists of values of one type',
  struct: 'named fields, each with its type',
};

const POLICY_WORDS: Readonly<Record<keyof PolicySet, string>> = {
  nan: 'NaN where the column has none. `text` writes `NaN` into string and json columns, and rejects elsewhere.',
  infinity:
    'An infinite number, date or timestamp where the column has none. `text` writes `Infinity`, `-Infinity`, `infinity` or `-infinity` into string and json columns, and rejects elsewhere.',
  out_of_range_date: 'A date, datetime or timestamp beyond what the destination holds.',
  zero_date: 'The text of a date whose month or day is zero, such as `0000-00-00`.',
  null_in_array: 'A null element where arrays of the destination have none.',
  null_array:
    'Null instead of an array where the destination only has empty ones. `empty` makes it an empty array.',
  nested_array:
    'An array in an array where the destination has none. `json_text` writes it as JSON text into string and json.',
  inexact:
    'More digits than the column keeps: of a decimal, a float or a second; or the time of a datetime that becomes a date. `round` takes the nearest value (for a date: its day).',
  nul_character: 'The character U+0000 in a text where the destination has none.',
};

/** docs/types.md: the grid of all conversions, every rule in words, the policies, and what created tables get. */
export function typeReference(created: readonly CreatedTypes[] = []): string {
  return [
    '# Types and conversions',
    '',
    'Every value is exact, or a policy decides and the loss is counted in the report of the run, by column and rule; nothing changes uncounted.',
    'A value that cannot be converted makes its row a reject, with the reason. Null stays null. A null for a NOT NULL or key column is a reject.',
    '',
    ...grid(),
    ...KINDS.flatMap(rulesOf),
    ...policyChapter(),
    ...(created.length === 0 ? [] : createdChapter(created)),
  ].join('\n');
}

function grid(): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '## All pairs',
    '',
    'Sources are rows, destinations are columns; `-` means that there is no rule, and planning refuses such a column.',
    '',
    row(['', ...DESTINATIONS]),
    row(['---', ...DESTINATIONS.map(() => '---')]),
    ...KINDS.map((source) =>
      row([`**${source}**`, ...DESTINATIONS.map((destination) => nameOf(source, destination))]),
    ),
    '',
  ];
}

function nameOf(source: TypeKind, destination: DestinationKind): string {
  const conversion = CONVERSIONS[source][destination];
  return 'none' in conversion ? '-' : conversion.name;
}

function rulesOf(source: TypeKind): string[] {
  const rules: string[] = [];
  const reasons = new Map<string, DestinationKind[]>();
  for (const destination of DESTINATIONS) {
    const conversion = CONVERSIONS[source][destination];
    if ('none' in conversion) {
      reasons.set(conversion.none, [...(reasons.get(conversion.none) ?? []), destination]);
    } else {
      rules.push(`- **${destination}** (${conversion.name}): ${conversion.description}`);
    }
  }
  const none = [...reasons].map(([reason, kinds]) => `- No rule to ${kinds.join(', ')}: ${reason}.`);
  return [`## From ${source}`, '', `${source}: ${KIND_WORDS[source]}.`, '', ...rules, ...none, ''];
}

function policyChapter(): string[] {
  const names = Object.keys(policiesSchema.shape) as (keyof PolicySet)[];
  return [
    '## Policies',
    '',
    'Set for a job under `policies`, and for single source columns under `policies.columns`. `set_null` makes the value null, `drop` leaves it out,',
    '`empty` makes it empty, `reject` sends the row to the reject file, `fail` ends the run. Every application is counted.',
    '',
    '| policy | about | choices |',
    '| --- | --- | --- |',
    ...names.map((name) => `| \`${name}\` | ${POLICY_WORDS[name]} | ${choicesOf(name)} |`),
    '',
  ];
}

function choicesOf(name: keyof PolicySet): string {
  return policiesSchema.shape[name].options
    .map((choice) => (choice === DEFAULT_POLICIES[name] ? `\`${choice}\` (default)` : `\`${choice}\``))
    .join(', ');
}

/** One type of each kind that differs in what a created table gets. */
const EXAMPLES: readonly ColumnType[] = [
  { kind: 'bool' },
  ...([8, 16, 32, 64, 128] as const).map((bits): ColumnType => ({ kind: 'int', bits })),
  { kind: 'int', bits: 64, unsigned: true },
  { kind: 'float', bits: 32 },
  { kind: 'float', bits: 64 },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal' },
  { kind: 'string' },
  { kind: 'string', maxLength: 40 },
  { kind: 'string', values: ['a', 'b'] },
  { kind: 'bytes' },
  { kind: 'json' },
  { kind: 'variant' },
  { kind: 'uuid' },
  { kind: 'date' },
  { kind: 'time', unit: 'us' },
  { kind: 'datetime', unit: 'us' },
  { kind: 'datetime', unit: 'ns' },
  { kind: 'timestamp', unit: 'us' },
  { kind: 'timestamp', unit: 'ns' },
  { kind: 'interval' },
  { kind: 'array', element: { kind: 'string' } },
  { kind: 'array', element: { kind: 'array', element: { kind: 'int', bits: 64 } } },
  { kind: 'struct', fields: [{ name: 'a', type: { kind: 'int', bits: 64 } }] },
];

function createdChapter(created: readonly CreatedTypes[]): string[] {
  return [
    '## Created tables',
    '',
    'The type that a column gets when the job creates the table. Texts of CSV and values of JSON files get the type that a sample of them says, where it is clear.',
    'Arrays of PostgreSQL have any number of dimensions, whatever is declared: the first rows of a table say which it gets, and json holds them where they differ.',
    '',
    'For other types, create the table yourself before the first run, with a column for each that is to be loaded: an existing table keeps its types, and values become',
    'them by the rules above. So a column of codes such as `00017` or `A-17` is kept as text by a text column, which takes every value.',
    '',
    `| source | ${created.map(({ title }) => title).join(' | ')} |`,
    `| --- |${' --- |'.repeat(created.length)}`,
    ...EXAMPLES.map(
      (type) =>
        `| ${formatType(type)} | ${created.map(({ typeFor, nameOf = formatType }) => nameOf(typeFor(type))).join(' | ')} |`,
    ),
    '',
    ...created.flatMap(({ title, notes = [] }) =>
      notes.length === 0 ? [] : [`${title}:`, '', ...notes.map((note) => `- ${note}`), ''],
    ),
  ];
}

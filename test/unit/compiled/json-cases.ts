import type { DestinationRules } from '../../../core/destination-rules';
import type { RowBatch } from '../../../core/extractor';
import { DEFAULT_POLICIES } from '../../../core/policies';
import type { Column } from '../../../core/schema';
import fc from 'fast-check';
import { jsonlReader } from '../../../extractors/formats/json';
import { BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_RULES } from '../../../loaders/duckdb/rules';
import { MemoryFile } from '../formats/memory-file';
import { jsonDestination, jsonValue } from './arbitrary-json';

import type { CodecInput } from '../../../transforms/compiled/row-codec';

export const VARIANT = { kind: 'variant' } as const;
const policies = { ...DEFAULT_POLICIES, columns: {} };
const RULES: readonly DestinationRules[] = [
  BIGQUERY_RULES,
  { ...DUCKDB_RULES, nullInArray: false },
  { ...BIGQUERY_RULES, nulCharacter: false, nullDocument: false, nullArray: true },
];

/** Names of columns; destinations have plainer ones. */
const names = fc.constantFrom('a', 'A', 'id', '__proto__', 'constructor', 'é "q"\n', '', '\u{1f4e6}', 'x y');

export interface PlannedColumns {
  readonly columns: readonly { readonly name: string; readonly to: Column; readonly isKey: boolean }[];
  readonly rules: DestinationRules;
}

const plans: fc.Arbitrary<PlannedColumns> = fc.record({
  rules: fc.constantFrom(...RULES),
  columns: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }).chain((chosen) =>
    fc.tuple(
      ...chosen.map((name, index) =>
        fc.record({
          name: fc.constant(name),
          to: fc.record({ name: fc.constant(`c${index}`), type: jsonDestination, nullable: fc.boolean() }),
          isKey: fc.constantFrom(false, false, false, true),
        }),
      ),
    ),
  ),
});

const space = fc.constantFrom('', '', '', ' ', '\t', ' \r');

/** Keys as they are, or the first character as an escape. */
function keyText(name: string, escape: boolean): string {
  const plain = JSON.stringify(name);
  if (!escape || name === '') return plain;
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name.slice(1)).slice(1)}`;
}

function lineOf({ columns }: PlannedColumns): fc.Arbitrary<Buffer> {
  const field = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(space, value, space, space, fc.nat({ max: 15 }))
      .map(([a, text, b, c, choice]) => `${a}${keyText(name, choice === 0)}${b}:${c}${text}${a}`);
  const known = columns.map(({ name, to }) => field(name, jsonValue(to.type)));
  const valid = fc
    .tuple(
      fc.tuple(...known.map((value) => fc.option(value, { freq: 8 }))),
      fc.option(field('unknown', fc.constantFrom('1', 'null', '{"deep":[[1e5]]}')), { freq: 1 }),
      fc.option(field(columns[0]?.name ?? '', fc.constant('1')), { freq: 1, nil: null }),
      fc.nat({ max: 12 }),
    )
    .chain(([fields, unknown, twice, choice]) => {
      const all = [...fields, unknown, choice === 0 ? twice : null].filter((text) => text !== null);
      return choice < 3 ? fc.shuffledSubarray(all, { minLength: all.length }) : fc.constant(all);
    })
    .map((fields) => Buffer.from(`{${fields.join(',')}}`));
  const damaged = fc.tuple(valid, fc.nat(), fc.nat({ max: 255 })).map(([line, at, byte]) => {
    const copy = Buffer.from(line);
    copy[at % copy.length] = byte === 10 ? 0xff : byte;
    return copy;
  });
  return fc.oneof(
    { weight: 12, arbitrary: valid },
    { weight: 2, arbitrary: damaged },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('', ' ', '[1]', 'null', '{"a"', '{}', '{} {}')
        .map((text) => Buffer.from(text)),
    },
  );
}

/** A plan, and lines of a file that is read in chunks. */
export const jsonCases = plans.chain((plan) =>
  fc.record({
    plan: fc.constant(plan),
    lines: fc.array(lineOf(plan), { minLength: 1, maxLength: 6 }),
    mark: fc.constantFrom('', '', '\ufeff'),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    chunks: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
  }),
);

/** What a converter and a codec are compiled for. */
export function inputOf({ columns, rules }: PlannedColumns): Omit<CodecInput, 'sinks' | 'mode' | 'lose'> {
  return {
    columns: columns.map(({ name, to }) => ({
      source: name,
      destination: to.name,
      sourceType: VARIANT,
      destinationType: to.type,
    })),
    source: { columns: columns.map(({ name }) => ({ name, type: VARIANT, nullable: true })), primaryKey: [] },
    destination: { columns: columns.map(({ to }) => to), primaryKey: [] },
    policies,
    rules,
    keyColumns: columns.flatMap(({ to, isKey }) => (isKey ? [to.name] : [])),
  };
}

/** The lines of a case as a file. */
export function contentOf({
  lines,
  mark,
  lineEnd,
}: {
  lines: readonly Buffer[];
  mark: string;
  lineEnd: string;
}): Buffer {
  return Buffer.concat([
    Buffer.from(mark),
    ...lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from(lineEnd), line])),
  ]);
}

/** What a reader tells besides its rows. */
export interface Read {
  readonly rejects: unknown[];
  readonly names: string[];
  readonly unknown: Record<string, number>;
  bytes: number;
}

/** Reads the lines of a file, batch by batch. */
export async function readLines(
  plan: PlannedColumns,
  content: Buffer,
  chunks: readonly number[],
  takesRaw: boolean,
  each: (batch: RowBatch) => void,
): Promise<Read> {
  const columns = plan.columns.map(({ name }) => ({ name, type: VARIANT, nullable: true }));
  const found: Read = { rejects: [], names: [], unknown: {}, bytes: 0 };
  const { signal } = new AbortController();
  for await (const batch of jsonlReader().read(
    new MemoryFile(content, chunks),
    columns,
    signal,
    undefined,
    takesRaw,
  )) {
    each(batch);
    found.bytes += batch.bytes;
    found.rejects.push(...batch.rejects);
    const rows = batch.rows.length + (batch.raw?.rows ?? 0);
    for (let index = 0; index < rows; index++) found.names.push(batch.nameRow?.(index) ?? '');
    for (const [name, values] of batch.unknownColumns ?? [])
      found.unknown[name] = (found.unknown[name] ?? 0) + values;
  }
  return found;
}

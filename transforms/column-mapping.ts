import type { DestinationRules } from '../core/destination-rules';
import { BeamliftError, showValue } from '../core/errors';
import { nearestName } from '../core/nearest-name';
import type { PlannedColumn } from '../core/plan';
import { formatType } from '../core/format-type';
import type { Column, ColumnType, TableSchema } from '../core/schema';
import { droppedFields } from './cells/from-struct';
import { refuseCollisions } from './column-collisions';
import { nameKey, sanitizeName } from './column-names';
import { conversionProblem } from './conversions';

export interface ColumnPlanInput {
  readonly source: TableSchema;
  /** Undefined: the table will be created. */
  readonly destination: TableSchema | undefined;
  /** Names of source columns, in the order wanted; empty: all. */
  readonly selectedColumns: readonly string[];
  /** Source name to destination name. */
  readonly columnMapping: ReadonlyMap<string, string>;
  /** `key_columns`, by their names at the source or at the destination: loaded even when not selected. */
  readonly required: readonly string[];
  readonly rules: DestinationRules;
  /** What a created column gets. */
  readonly typeFor: (type: ColumnType) => ColumnType;
  /** Whether columns that an existing table lacks are added to it (`schema_update: add_columns`). */
  readonly addColumns: boolean;
}

export interface ColumnPlan {
  readonly columns: PlannedColumn[];
  /** The rows as they are staged: one column for each of `columns`, in order; types of the table where it exists. */
  readonly destinationSchema: TableSchema;
  /** Columns to add to an existing table; part of `destinationSchema`, and nullable. */
  readonly newColumns: Column[];
  /** Sentences for the plan. */
  readonly notices: string[];
}

/** A source column on its way. */
interface Candidate {
  readonly column: Column;
  /** As `column_mapping` or the source says. */
  readonly wanted: string;
  readonly mapped: boolean;
  readonly isKey: boolean;
}

interface Match {
  readonly candidate: Candidate;
  readonly target: Column;
  readonly isNew: boolean;
}

/**
 * Decides which columns are loaded, under which names and types. Throws, each with everything of its kind at once: COLUMN_NOT_FOUND,
 * COLUMN_COLLISION, TYPE_UNSUPPORTED, and PLAN_REFUSED where the table has NOT NULL columns that nothing fills.
 */
export function planColumns(input: ColumnPlanInput): ColumnPlan {
  const notices: string[] = [];
  refuseUnknownNames(input);
  const candidates = chooseColumns(input, notices);
  const matches =
    input.destination === undefined
      ? candidates.map((candidate) => matchNew(candidate, input))
      : matchExisting(candidates, input.destination, input, notices);
  if (matches.length === 0) {
    throw new BeamliftError('PLAN_REFUSED', {
      what: 'No column of the source has a place in the destination table',
      why: `The source has ${list(input.source.columns)}; the table has ${list(input.destination?.columns ?? [])}.`,
      hint: 'Name the destination columns in `column_mapping`, or set `schema_update: add_columns`.',
    });
  }
  refuseCollisions(
    matches.map(({ candidate, target }) => ({ source: candidate.column.name, target: target.name })),
    input.rules.names,
  );
  refuseImpossibleTypes(matches, input.rules);
  noticeNames(matches, notices);
  noticeDroppedFields(matches, input.rules, notices);
  return {
    columns: matches.map(({ candidate, target }) => ({
      source: candidate.column.name,
      destination: target.name,
      sourceType: candidate.column.type,
      destinationType: target.type,
    })),
    destinationSchema: {
      columns: matches.map(({ target }) => target),
      primaryKey: primaryKeyOf(matches, input),
    },
    newColumns: input.destination === undefined ? [] : matches.filter((m) => m.isNew).map((m) => m.target),
    notices,
  };
}

function refuseUnknownNames({ source, selectedColumns, columnMapping, required }: ColumnPlanInput): void {
  const names = source.columns.map(({ name }) => name);
  const known = new Set(names);
  const targets = new Set(columnMapping.values());
  const lists: [string, Iterable<string>][] = [
    ['selected_columns', selectedColumns],
    ['column_mapping', columnMapping.keys()],
    ['key_columns', required.filter((name) => !targets.has(name))],
  ];
  const problems: string[] = [];
  for (const [key, listed] of lists) {
    for (const name of listed) {
      if (known.has(name)) continue;
      const nearest = nearestName(name, names);
      problems.push(
        `${key} names ${quote(name)}${nearest === undefined ? '' : ` (did you mean ${quote(nearest)}?)`}`,
      );
    }
  }
  if (problems.length === 0) return;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `The source has no such column: ${problems.join('; ')}`,
    hint: `The source has: ${list(source.columns)}.`,
  });
}

function chooseColumns(input: ColumnPlanInput, notices: string[]): Candidate[] {
  const { source, selectedColumns, columnMapping } = input;
  const required = new Set(input.required);
  const candidates = source.columns.map((column): Candidate => {
    const target = columnMapping.get(column.name);
    return {
      column,
      wanted: target ?? column.name,
      mapped: target !== undefined,
      isKey: required.has(column.name) || (target !== undefined && required.has(target)),
    };
  });
  if (selectedColumns.length === 0) return candidates;
  const byName = new Map(candidates.map((candidate) => [candidate.column.name, candidate]));
  const chosen = [...new Set(selectedColumns)].flatMap((name) => byName.get(name) ?? []);
  const added = candidates.filter((candidate) => candidate.isKey && !chosen.includes(candidate));
  if (added.length > 0) {
    notices.push(`Loaded though not in selected_columns, as key_columns: ${listCandidates(added)}.`);
  }
  const idle = candidates.filter(
    (candidate) => candidate.mapped && ![...chosen, ...added].includes(candidate),
  );
  if (idle.length > 0) {
    notices.push(`In column_mapping, but not in selected_columns, so not loaded: ${listCandidates(idle)}.`);
  }
  return [...chosen, ...added];
}

/** A column of a table that is created, or of one that gets it: nullable unless it is a key, because policies and later rows may bring nulls. */
function matchNew(candidate: Candidate, { source, rules, typeFor, destination }: ColumnPlanInput): Match {
  const { column, wanted } = candidate;
  const inKey = candidate.isKey || source.primaryKey.includes(column.name);
  const target: Column = {
    name: sanitizeName(wanted, rules.names),
    type: typeFor(column.inferredType ?? column.type),
    nullable: destination !== undefined || !inKey || column.nullable,
    ...(column.comment === undefined ? {} : { comment: column.comment }),
  };
  return { candidate, target, isNew: true };
}

function matchExisting(
  candidates: readonly Candidate[],
  destination: TableSchema,
  input: ColumnPlanInput,
  notices: string[],
): Match[] {
  const { names } = input.rules;
  const writable = destination.columns.filter((column) => column.generated !== true);
  const find = (name: string): Column | undefined =>
    writable.find((column) => column.name === name) ??
    writable.find((column) => nameKey(column.name, names) === nameKey(name, names));
  const matches: Match[] = [];
  const missing: Candidate[] = [];
  for (const candidate of candidates) {
    const target = find(candidate.wanted) ?? find(sanitizeName(candidate.wanted, names));
    if (target !== undefined) matches.push({ candidate, target, isNew: false });
    else if (input.addColumns && !isGenerated(candidate, destination, input))
      matches.push(matchNew(candidate, input));
    else missing.push(candidate);
  }
  refuseMissingTargets(missing, destination);
  if (missing.length > 0) {
    notices.push(
      `Not in the destination table, so not loaded: ${listCandidates(missing)}. \`schema_update: add_columns\` would add them.`,
    );
  }
  const used = new Set(matches.map(({ target }) => target));
  const unfilled = writable.filter((column) => !used.has(column));
  refuseUnfilled(unfilled);
  if (unfilled.length > 0) notices.push(`Not in the source, so null: ${list(unfilled)}.`);
  return matches;
}

/** Whether the table computes the column by itself. */
function isGenerated({ wanted }: Candidate, destination: TableSchema, { rules }: ColumnPlanInput): boolean {
  const key = nameKey(wanted, rules.names);
  return destination.columns.some((column) => nameKey(column.name, rules.names) === key);
}

function refuseMissingTargets(missing: readonly Candidate[], destination: TableSchema): void {
  const names = destination.columns.map(({ name }) => name);
  const problems = missing
    .filter((candidate) => candidate.mapped || candidate.isKey)
    .map(({ wanted, mapped, column }) => {
      const nearest = nearestName(wanted, names);
      const how = mapped ? `column_mapping sends ${quote(column.name)} to` : 'key_columns needs';
      return `${how} ${quote(wanted)}${nearest === undefined ? '' : ` (did you mean ${quote(nearest)}?)`}`;
    });
  if (problems.length === 0) return;
  throw new BeamliftError('COLUMN_NOT_FOUND', {
    what: `The destination table has no such column: ${problems.join('; ')}`,
    hint: `The table has: ${list(destination.columns)}. \`schema_update: add_columns\` adds what is missing.`,
  });
}

function refuseUnfilled(unfilled: readonly Column[]): void {
  const required = unfilled.filter((column) => !column.nullable);
  if (required.length === 0) return;
  throw new BeamliftError('PLAN_REFUSED', {
    what: `The destination table has NOT NULL columns that no source column fills: ${list(required)}`,
    why: 'Every row would be refused.',
    hint: 'Name their source columns in `column_mapping` (and in `selected_columns`), or let the columns be null.',
  });
}

function refuseImpossibleTypes(matches: readonly Match[], rules: DestinationRules): void {
  const problems = matches.flatMap(({ candidate, target }) => {
    const problem = conversionProblem(candidate.column.type, target.type, rules);
    if (problem === undefined) return [];
    const types = `${formatType(candidate.column.type)} into ${formatType(target.type)}`;
    return [`${quote(candidate.column.name)}: ${types} (${problem})`];
  });
  if (problems.length === 0) return;
  throw new BeamliftError('TYPE_UNSUPPORTED', {
    what: `There is no conversion for: ${problems.join('; ')}`,
    hint: 'Change the type of the destination columns (a string or JSON column takes everything), or leave the columns out with `selected_columns`. docs/types.md lists every rule.',
  });
}

function noticeNames(matches: readonly Match[], notices: string[]): void {
  const renamed = matches.filter(({ candidate, target, isNew }) => isNew && candidate.wanted !== target.name);
  if (renamed.length === 0) return;
  const pairs = renamed.map(({ candidate, target }) => `${quote(candidate.wanted)} as ${quote(target.name)}`);
  notices.push(`Renamed, because the destination does not take the names: ${pairs.join(', ')}.`);
}

function noticeDroppedFields(matches: readonly Match[], rules: DestinationRules, notices: string[]): void {
  const dropped = matches.flatMap(({ candidate, target }) =>
    droppedFields(candidate.column.type, target.type, rules).map((path) =>
      quote(`${candidate.column.name}.${path}`),
    ),
  );
  if (dropped.length > 0) {
    notices.push(`Fields that the destination's columns have not, so not loaded: ${dropped.join(', ')}.`);
  }
}

/** The key of the staged rows: all of its columns are among them, or it is none. */
function primaryKeyOf(matches: readonly Match[], { source, destination }: ColumnPlanInput): string[] {
  const names =
    destination === undefined
      ? source.primaryKey.map((key) => matches.find((m) => m.candidate.column.name === key)?.target.name)
      : destination.primaryKey.map((key) => matches.find((m) => m.target.name === key)?.target.name);
  const found = names.filter((name) => name !== undefined);
  return found.length === names.length ? found : [];
}

function quote(name: string): string {
  return `"${showValue(name)}"`;
}

function list(columns: readonly Column[]): string {
  return columns.length === 0 ? 'none' : columns.map(({ name }) => quote(name)).join(', ');
}

function listCandidates(candidates: readonly Candidate[]): string {
  return candidates.map(({ column }) => quote(column.name)).join(', ');
}

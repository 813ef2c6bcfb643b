import type { FileDrift } from '../../core/plan';
import type { Column, TypeKind } from '../../core/schema';
import type { DescribedFile } from './union-schema';

/** Files that notices name one by one; a plan has all that were looked into. */
const SHOWN_FILES = 5;
/** Columns that a notice names of each kind of difference. */
const SHOWN_COLUMNS = 8;

/**
 * What each file has otherwise than most of them. A column that at least half of the files have is lacking in the others; one that fewer
 * have is additional where it is. The order of the files does not matter. Files that are like most are left out, and so are empty ones.
 */
export function fileDrift(files: readonly DescribedFile[]): FileDrift[] {
  const filled = files.filter(({ description }) => description.columns.length > 0);
  const byColumn = new Map<string, Map<string, TypeKind | undefined>>();
  const guessed = new Set<string>();
  for (const { uri, description } of filled) {
    for (const column of description.columns) {
      const kinds = byColumn.get(column.name) ?? new Map<string, TypeKind | undefined>();
      byColumn.set(column.name, kinds.set(uri, kindOf(column)));
      if (column.inferredType !== undefined) guessed.add(column.name);
    }
  }
  const drift = new Map(
    filled.map(({ uri }): [string, FileDrift] => [uri, { file: uri, lacks: [], additional: [], types: [] }]),
  );
  for (const [name, kinds] of byColumn) {
    const isCommon = 2 * kinds.size >= filled.length;
    for (const { uri } of filled) {
      if (isCommon && !kinds.has(uri)) drift.get(uri)?.lacks.push(name);
      if (!isCommon && kinds.has(uri)) drift.get(uri)?.additional.push(name);
    }
    for (const [uri, type, others] of misfits(kinds, guessed.has(name) ? undefined : 'string')) {
      drift.get(uri)?.types.push({ column: name, type, others });
    }
  }
  return [...drift.values()].filter(
    ({ lacks, additional, types }) => lacks.length + additional.length + types.length > 0,
  );
}

/** What the values are: by the sample, where the format has no types of its own. Undefined: only nulls were seen. */
function kindOf({ type, inferredType }: Column): TypeKind | undefined {
  if (inferredType !== undefined) return inferredType.kind;
  return type.kind === 'string' || type.kind === 'variant' ? undefined : type.kind;
}

/** Files whose kind of values is not the most frequent one; of equally frequent ones the first by name counts. `fallback`: of texts without a guess. */
function misfits(
  kinds: ReadonlyMap<string, TypeKind | undefined>,
  fallback: TypeKind | undefined,
): [uri: string, type: TypeKind, others: TypeKind][] {
  const counts = new Map<TypeKind, number>();
  for (const kind of kinds.values()) {
    const known = kind ?? fallback;
    if (known !== undefined) counts.set(known, (counts.get(known) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  if (most === undefined || counts.size === 1) return [];
  return [...kinds].flatMap(([uri, kind]): [string, TypeKind, TypeKind][] => {
    const known = kind ?? fallback;
    return known === undefined || isAlike(known, most[0]) ? [] : [[uri, known, most[0]]];
  });
}

/** Whole numbers in a file whose neighbours have fractions are nothing to tell. */
const NUMBERS: ReadonlySet<TypeKind> = new Set(['int', 'decimal', 'float']);

function isAlike(a: TypeKind, b: TypeKind): boolean {
  return a === b || (NUMBERS.has(a) && NUMBERS.has(b));
}

/** Sentences for the plan: a line for each of the first files that differ. */
export function driftNotices(drift: readonly FileDrift[]): string[] {
  const shown = drift.slice(0, SHOWN_FILES).map(({ file, lacks, additional, types }) => {
    const parts = [
      ...(lacks.length === 0 ? [] : [`no column ${names(lacks)} (null there)`]),
      ...(additional.length === 0 ? [] : [`column ${names(additional)}, which most others lack`]),
      ...types
        .slice(0, SHOWN_COLUMNS)
        .map(({ column, type, others }) => `${column} is ${type} where others have ${others}`),
    ];
    return `${file} differs: ${parts.join('; ')}.`;
  });
  const more = drift.length - shown.length;
  if (more > 0)
    shown.push(`${more} more ${more === 1 ? 'file differs' : 'files differ'}: see \`drift\` of --json.`);
  return shown;
}

function names(columns: readonly string[]): string {
  const more = columns.length - SHOWN_COLUMNS;
  return columns.slice(0, SHOWN_COLUMNS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

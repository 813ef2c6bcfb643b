import { BeamliftError } from '../../core/errors';
import { formatType } from '../../core/format-type';
import type { Column, ColumnType, TableSchema } from '../../core/schema';
import { sameType, widen, withRoom } from '../../transforms/infer';
import { cellWidening } from '../formats/cell-widening';
import type { FileDescription, FormatReader } from '../formats/format-reader';

export interface DescribedFile {
  readonly uri: string;
  readonly description: FileDescription;
}

/** Files that a notice names. */
const SHOWN_FILES = 3;

/**
 * One schema for all files: every column that one of them has, in order of first appearance. The types do not depend on the order
 * of the files. A column that a file lacks is nullable. Types that a sample inferred get room for what the sample has not seen.
 * Throws FORMAT_INVALID where a column has types in two files that no type holds exactly.
 */
export function unionSchema(
  files: readonly DescribedFile[],
  widenInferred: FormatReader['widenInferred'] = widen,
): TableSchema {
  const byName = new Map<string, { uri: string; column: Column }[]>();
  const withColumns = files.filter(({ description }) => description.columns.length > 0);
  for (const { uri, description } of withColumns) {
    for (const column of description.columns) {
      const occurrences = byName.get(column.name) ?? [];
      occurrences.push({ uri, column });
      byName.set(column.name, occurrences);
    }
  }
  const columns = Array.from(byName, ([name, occurrences]): Column => {
    const nullable =
      occurrences.length < withColumns.length || occurrences.some(({ column }) => column.nullable);
    const inferredType = meetInferred(occurrences, widenInferred);
    const natives = new Set(occurrences.map(({ column }) => column.nativeType));
    const [nativeType] = natives;
    return {
      name,
      type: meetTypes(name, occurrences),
      nullable,
      ...(inferredType === undefined ? {} : { inferredType }),
      ...(nativeType === undefined || natives.size > 1 ? {} : { nativeType }),
    };
  });
  return { columns, primaryKey: [] };
}

function meetInferred(
  occurrences: readonly { column: Column }[],
  meet: NonNullable<FormatReader['widenInferred']>,
): ColumnType | undefined {
  const types = occurrences.map(({ column }) => column.inferredType);
  const met = types.reduce(meet, undefined);
  return met === undefined ? undefined : withRoom(met);
}

function meetTypes(name: string, occurrences: readonly { uri: string; column: Column }[]): ColumnType {
  const [first] = occurrences;
  let met = first?.column.type ?? { kind: 'string' };
  for (const { column } of occurrences) met = widen(met, column.type) ?? met;
  const misfit = occurrences.find(({ column }) => cellWidening(column.type, met) === undefined);
  const other = occurrences.find(({ column }) => misfit && !sameType(column.type, misfit.column.type));
  if (misfit === undefined || other === undefined) return met;
  throw new BeamliftError('FORMAT_INVALID', {
    what: `Column ${name} is ${formatType(misfit.column.type)} in ${misfit.uri} and ${formatType(other.column.type)} in ${other.uri}.`,
    where: { object: misfit.uri, column: name },
    why: 'There is no type that holds the values of both exactly.',
    hint: 'Load files of one schema with one job: narrow `file_pattern`, or leave the column out with `selected_columns`.',
  });
}

/** What a plan should say about files by themselves. */
export function unionNotices(files: readonly DescribedFile[]): string[] {
  const notices: string[] = [];
  for (const { uri, description } of files) {
    for (const notice of description.notices ?? []) notices.push(`${uri}: ${notice}.`);
  }
  const empty = files.filter(({ description }) => description.columns.length === 0);
  if (empty.length > 0) notices.push(`No rows and no columns: ${shownFiles(empty)}.`);
  return notices;
}

function shownFiles(files: readonly { uri: string }[]): string {
  const shown = files.slice(0, SHOWN_FILES).map(({ uri }) => uri);
  const more = files.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

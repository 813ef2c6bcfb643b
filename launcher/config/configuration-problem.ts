import { BeamliftError } from '../../core/errors';
import type { ErrorCode } from '../../core/error-codes';

/** Where in the configuration something is: `['jobs', 'orders', 'load_type']`; numbers are places in lists. */
export type Path = readonly (string | number)[];

/** One thing that is wrong. No text holds the value of a connection's field. */
export interface ConfigurationProblem {
  /** As the user would name the file; absent: the configuration was made by flags. */
  readonly file?: string;
  /** From 1; absent where there is no file. */
  readonly line?: number;
  readonly column?: number;
  /** `jobs.orders.load_type`; empty: the file as a whole. */
  readonly path: string;
  /** What is wrong, and what to write instead. */
  readonly text: string;
}

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds the place of a path in a file; undefined: there is none. */
export interface ProblemPlaces {
  readonly file: string | undefined;
  place(path: Path): Place | undefined;
}

/** So many problems are listed; the others are counted. */
const MAX_LISTED = 50;

interface FoundProblem {
  readonly path: Path;
  readonly text: string;
  readonly place: Place | undefined;
}

/** Collects problems in any order. */
export class ProblemList {
  private readonly found: FoundProblem[] = [];

  /** `place`: where it is, if that is not the place of the path. */
  add(path: Path, text: string, place?: Place): void {
    const known = this.found.some((problem) => problem.text === text && samePath(problem.path, path));
    if (!known || place !== undefined) this.found.push({ path, text, place });
  }

  get size(): number {
    return this.found.length;
  }

  /** Whether there is a problem at the path or below. */
  has(path: Path): boolean {
    return this.found.some((problem) => path.every((step, index) => problem.path[index] === step));
  }

  /** In the order of the file. */
  located(places: ProblemPlaces): ConfigurationProblem[] {
    const problems = this.found.map(({ path, text, place = places.place(path) }): ConfigurationProblem => {
      return {
        ...(places.file === undefined ? {} : { file: places.file }),
        ...(place === undefined ? {} : { line: place.line, column: place.column }),
        path: formatPath(path),
        text,
      };
    });
    return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

/** `jobs.orders.selected_columns[2]`; names that could be misread are quoted. */
function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${/^[\p{L}\p{N}_$-]+$/u.test(step) ? step : quoted(step)}`;
  }
  return text;
}

/** A name as problems show it: in quotes, one line, not too long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

/** `beamlift.yaml:12:5  jobs.orders.load_type: …` */
export function formatProblem(problem: ConfigurationProblem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place === '' ? '' : `${place}  `}${path}${problem.text}`;
}

/** All problems as one error, one line each. */
export function problemsError(
  problems: readonly ConfigurationProblem[],
  source: { readonly file: string | undefined; readonly code: ErrorCode },
): BeamliftError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.slice(0, MAX_LISTED).map(formatProblem);
  if (problems.length > MAX_LISTED) lines.push(`… and ${problems.length - MAX_LISTED} more`);
  return new BeamliftError(source.code, {
    what: source.file === undefined ? `The flags have ${count}` : `${source.file} has ${count}`,
    ...(source.file === undefined ? {} : { where: { object: source.file } }),
    why: lines.join('\n'),
    hint:
      source.file === undefined
        ? 'Nothing was run. `beamlift run --help` shows the flags.'
        : 'Nothing was run. docs/configuration.md has every key; `beamlift schema` prints the JSON schema for editors.',
  });
}

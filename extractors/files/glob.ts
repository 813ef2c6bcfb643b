import { BeamliftError } from '../../core/errors';
import { endOfSet, expandBraces } from './glob-braces';

/** A `file_pattern`, ready to be matched against names relative to the folder or bucket, with `/` between segments. */
export interface FilePattern {
  /** Without special characters: the one file, or the folder, that the pattern names. Undefined: a glob. */
  readonly literal: string | undefined;
  /** The folder that holds every match, with a `/` at its end; empty: the top. Listing begins there. */
  readonly folder: string;
  /** The text that every match begins with, as long as the pattern tells; of a file's name, which may be a folder's, the name. */
  readonly prefix: string;
  /** Segments of the longest match; infinite with `**` and for folders. */
  readonly depth: number;
  matches(name: string): boolean;
}

/** Longest pattern, in characters. */
const MAX_PATTERN_LENGTH = 4096;

const SPECIAL = /[*?[{\\]/;

/**
 * Without special characters a pattern is one file, or a folder with all that lies below it (`exports/`; empty: everything).
 * Otherwise it is a glob over the whole name:
 * `*` any characters but `/` · `**` as a whole segment: any folders, or none · `?` one character but `/` ·
 * `[a-z]`, `[!x]` one character of a set, or not of it · `{a,b}` one of several texts · `\` takes the next character literally.
 * A `/` at the end means all that lies below. Names that begin with a dot, in any segment, match only where the pattern has that dot.
 *
 * Matching takes at most (length of name x length of pattern) steps for each alternative: there is no pattern that hangs.
 * Throws PATH_OUTSIDE for absolute patterns and `..`, CONFIG_INVALID for too long ones and too many alternatives.
 */
export function compilePattern(pattern: string): FilePattern {
  refuseOutside(pattern);
  const normal = pattern.replace(/^(?:\.\/+)+/, '').replace(/^\.$/, '');
  if (!SPECIAL.test(normal)) return literalPattern(normal);
  const expanded = expandBraces(normal);
  expanded.forEach(refuseOutside);
  const globs = expanded.map(parseGlob);
  return {
    literal: undefined,
    folder: globs.map(leadingFolder).reduce(commonFolder),
    prefix: globs.map(leadingText).reduce(commonBeginning),
    depth: Math.max(
      ...globs.map((glob) => (glob.includes(ANY_FOLDERS) ? Number.POSITIVE_INFINITY : glob.length)),
    ),
    matches(name) {
      const segments = name.split('/').map((segment) => Array.from(segment));
      return globs.some((glob) => matchFolders(glob, segments));
    },
  };
}

function literalPattern(literal: string): FilePattern {
  const isFolder = literal === '' || literal.endsWith('/');
  const below = isFolder ? literal : `${literal}/`;
  return {
    literal,
    folder: literal.slice(0, literal.lastIndexOf('/') + 1),
    prefix: literal,
    depth: Number.POSITIVE_INFINITY,
    matches(name) {
      if (name === literal) return !isFolder;
      return name.startsWith(below) && !/(?:^|\/)\./.test(name.slice(below.length));
    },
  };
}

function refuseOutside(pattern: string): void {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `file_pattern is longer than ${MAX_PATTERN_LENGTH} characters.`,
      hint: 'Use `*`, or several jobs.',
    });
  }
  const unescaped = pattern.replaceAll('\\', '');
  const segments = unescaped.split('/');
  const absolute = unescaped.startsWith('/') || /^[A-Za-z]:/.test(unescaped);
  if (absolute || pattern.includes('\0') || segments.includes('..')) {
    throw new BeamliftError('PATH_OUTSIDE', {
      what: `file_pattern ${JSON.stringify(pattern)} may reach outside of the folder of its connection.`,
      why: 'Patterns are relative to the folder of the connection, without `..`.',
      hint: 'Write the pattern relative to that folder, or give the connection another `path`.',
    });
  }
}

/** One element of a segment: `*`, or what one character must be. */
interface Token {
  readonly accepts: (character: string) => boolean;
  /** The only character that is accepted. */
  readonly literal?: string;
}

type Segment = readonly Token[];
type Glob = readonly Segment[];

/** `*`: any run of characters. */
const MANY: Token = { accepts: () => true };

/** `**` as a whole segment: any run of segments. */
const ANY_FOLDERS: Segment = [MANY, MANY];

function parseGlob(text: string): Glob {
  const glob = text.replace(/\/$/, '/**').split('/').map(parseSegment);
  // Files are matched, and `a/**` is not the file `a`.
  if (glob.at(-1) === ANY_FOLDERS) glob.push([MANY]);
  return glob;
}

function parseSegment(text: string): Segment {
  if (text === '**') return ANY_FOLDERS;
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const setEnd = character === '[' ? endOfSet(text, at) : undefined;
    if (character === '*') {
      if (tokens.at(-1) !== MANY) tokens.push(MANY);
      at++;
    } else if (character === '?') {
      tokens.push({ accepts: () => true });
      at++;
    } else if (setEnd !== undefined) {
      tokens.push({ accepts: parseSet(text.slice(at + 1, setEnd - 1)) });
      at = setEnd;
    } else {
      const escaped = character === '\\' && at + 1 < text.length;
      const literal = escaped ? String.fromCodePoint(text.codePointAt(at + 1) ?? 0) : character;
      tokens.push({ accepts: (other) => other === literal, literal });
      at += literal.length + (escaped ? 1 : 0);
    }
  }
  return tokens;
}

function parseSet(text: string): (character: string) => boolean {
  const negated = text.startsWith('!') || text.startsWith('^');
  const members = Array.from(text.slice(negated ? 1 : 0).matchAll(/\\(.)|(.)/gsu), ([, escaped, plain]) => ({
    character: escaped ?? plain ?? '',
    dash: plain === '-',
  }));
  const ranges: [number, number][] = [];
  for (let index = 0; index < members.length; index++) {
    const low = members[index]?.character.codePointAt(0) ?? 0;
    const high = members[index + 2]?.character.codePointAt(0);
    const isRange = members[index + 1]?.dash === true && high !== undefined;
    ranges.push([low, isRange ? high : low]);
    if (isRange) index += 2;
  }
  return (character) => {
    const code = character.codePointAt(0) ?? 0;
    return ranges.some(([low, high]) => code >= low && code <= high) !== negated;
  };
}

/**
 * Whether items match elements of which some (`isRun`) stand for any run of items that `mayRun` allows. On a mismatch the last such
 * element takes one item more; earlier ones never need to, so this is at most (items x elements) steps.
 */
function matchSequence(
  elements: number,
  items: number,
  isRun: (element: number) => boolean,
  mayRun: (item: number) => boolean,
  matchOne: (element: number, item: number) => boolean,
): boolean {
  let element = 0;
  let item = 0;
  let runElement = -1;
  let runItem = 0;
  while (item < items) {
    if (element < elements && isRun(element)) {
      runElement = element++;
      runItem = item;
    } else if (element < elements && matchOne(element, item)) {
      element++;
      item++;
    } else if (runElement !== -1 && mayRun(runItem)) {
      element = runElement + 1;
      item = ++runItem;
    } else return false;
  }
  while (element < elements && isRun(element)) element++;
  return element === elements;
}

function matchFolders(glob: Glob, segments: readonly (readonly string[])[]): boolean {
  return matchSequence(
    glob.length,
    segments.length,
    (element) => glob[element] === ANY_FOLDERS,
    (item) => segments[item]?.[0] !== '.',
    (element, item) => matchSegment(glob[element] ?? [], segments[item] ?? []),
  );
}

function matchSegment(segment: Segment, characters: readonly string[]): boolean {
  if (characters[0] === '.' && segment[0]?.literal !== '.') return false;
  return matchSequence(
    segment.length,
    characters.length,
    (element) => segment[element] === MANY,
    () => true,
    (element, item) => segment[element]?.accepts(characters[item] ?? '') === true,
  );
}

/** The folder that the literal segments at the beginning name. */
function leadingFolder(glob: Glob): string {
  const names = glob.slice(0, -1).map((segment) => {
    const literals = segment.map((token) => token.literal);
    return segment === ANY_FOLDERS || literals.includes(undefined) ? undefined : literals.join('');
  });
  const end = names.indexOf(undefined);
  return names
    .slice(0, end === -1 ? undefined : end)
    .map((name) => `${name ?? ''}/`)
    .join('');
}

function commonFolder(a: string, b: string): string {
  let end = 0;
  for (let at = 0; at < a.length && a[at] === b[at]; at++) if (a[at] === '/') end = at + 1;
  return a.slice(0, end);
}

/** The literal characters at the beginning. */
function leadingText(glob: Glob): string {
  let text = '';
  for (const [index, segment] of glob.entries()) {
    if (index > 0) text += '/';
    if (segment === ANY_FOLDERS) return text;
    for (const { literal } of segment) {
      if (literal === undefined) return text;
      text += literal;
    }
  }
  return text;
}

/** Of whole characters: half of a surrogate pair begins no name. */
function commonBeginning(a: string, b: string): string {
  const others = Array.from(b);
  const characters = Array.from(a);
  const end = characters.findIndex((character, at) => character !== others[at]);
  return end === -1 ? a : characters.slice(0, end).join('');
}

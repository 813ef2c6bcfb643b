import { BeamliftError } from '../../core/errors';

/** Most alternatives that `{a,b}` groups may multiply to: ten groups of two. */
const MAX_ALTERNATIVES = 1024;

/** The texts that `{a,b}` groups stand for. A group without a comma, or that is never closed, is literal text. */
export function expandBraces(text: string): string[] {
  const group = firstGroup(text);
  if (group === undefined) return [text];
  const before = text.slice(0, group.start);
  const rests = expandBraces(text.slice(group.end));
  const expanded: string[] = [];
  for (const inner of group.alternatives.flatMap(expandBraces)) {
    for (const rest of rests) expanded.push(before + inner + rest);
    if (expanded.length > MAX_ALTERNATIVES) {
      throw new BeamliftError('CONFIG_INVALID', {
        what: `The groups of file_pattern stand for more than ${MAX_ALTERNATIVES} patterns.`,
        hint: 'Use `*`, or several jobs.',
      });
    }
  }
  return expanded;
}

interface Group {
  readonly start: number;
  readonly end: number;
  readonly alternatives: readonly string[];
}

/** The first `{…}` with a comma of its own, outside of escapes and sets. */
function firstGroup(text: string): Group | undefined {
  for (let start = nextBrace(text, 0); start !== -1; start = nextBrace(text, start + 1)) {
    const group = groupAt(text, start);
    if (group !== undefined) return group;
  }
  return undefined;
}

function nextBrace(text: string, from: number): number {
  for (let at = from; at < text.length; at = afterElement(text, at)) if (text[at] === '{') return at;
  return -1;
}

function groupAt(text: string, start: number): Group | undefined {
  const alternatives: string[] = [];
  let depth = 1;
  let begin = start + 1;
  for (let at = begin; at < text.length; at = afterElement(text, at)) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}') depth--;
    if (depth === 0 || (depth === 1 && text[at] === ',')) {
      alternatives.push(text.slice(begin, at));
      begin = at + 1;
    }
    if (depth === 0) return alternatives.length > 1 ? { start, end: at + 1, alternatives } : undefined;
  }
  return undefined;
}

/** Behind the character, escape or set that begins at `at`. */
function afterElement(text: string, at: number): number {
  if (text[at] === '\\') return at + 2;
  return text[at] === '[' ? (endOfSet(text, at) ?? at + 1) : at + 1;
}

/** Behind the `]` of the set that begins at `at`; a `]` that comes first is one of the set. Undefined: it is never closed. */
export function endOfSet(text: string, at: number): number | undefined {
  let end = at + 1;
  if (text[end] === '!' || text[end] === '^') end++;
  for (let first = true; end < text.length && text[end] !== '/'; first = false) {
    if (text[end] === ']' && !first) return end + 1;
    end += text[end] === '\\' ? 2 : 1;
  }
  return undefined;
}

import {
  type Alias,
  Composer,
  type CST,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { type Path, type Place, ProblemList, type ProblemPlaces } from './configuration-problem';
import { YAML_FAULTS } from './yaml-syntax';

/** Uses of aliases in a file, those inside of aliased values counted each time: a bomb of nested aliases ends here. */
export const MAX_ALIASES = 100;
/** Values in a file, aliased ones counted each time. */
const MAX_VALUES = 100_000;
/** Levels of mappings and lists; a configuration has seven. */
const MAX_DEPTH = 32;
/** So many faults of syntax are reported: later ones mostly follow from the first. */
const MAX_FAULTS = 10;

/** A parsed file. */
export interface ConfigurationDocument {
  /** Null-prototype objects, arrays and scalars; undefined where the syntax is wrong. */
  readonly value: unknown;
  readonly problems: ProblemList;
  readonly places: ProblemPlaces;
}

/**
 * Parses YAML (JSON is YAML). Bounded in aliases, values and depth; duplicate keys, tags and numbers that a double cannot hold are
 * problems. `file` is the name that problems show.
 */
export function parseConfiguration(text: string, file: string): ConfigurationDocument {
  const lines = new LineCounter();
  const reader = new DocumentReader(lines);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = findDeepToken(tokens);
  const value = deep === undefined ? reader.compose(tokens, text.length) : undefined;
  if (deep !== undefined) reader.fault([], deep.offset, YAML_FAULTS.RESOURCE_EXHAUSTION);
  return { value, problems: reader.problems, places: { file, place: (path) => reader.place(path) } };
}

/**
 * A token below MAX_DEPTH; undefined: there is none. The composer calls itself for each level, and where that ends the stack,
 * Node 20 may end the whole process (a regular expression that cannot be compiled), so it never gets such tokens.
 */
function findDeepToken(tokens: readonly CST.Token[]): CST.Token | undefined {
  const waiting = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token;
    if (token.type === 'document' && token.value !== undefined) waiting.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    for (const { key, value } of token.items) {
      if (key) waiting.push({ token: key, depth: depth + 1 });
      if (value !== undefined) waiting.push({ token: value, depth: depth + 1 });
    }
  }
  return undefined;
}

const NO_ANCHOR = 'there is no such anchor above; a text that begins with * is written in quotes';
const TOO_MANY_ALIASES = `aliases are used more than ${MAX_ALIASES} times; what all jobs share belongs into \`defaults\``;

/** Ends the reading of a document: nothing can be said about the rest. */
class Unreadable extends Error {
  constructor(
    readonly node: ParsedNode | null,
    message: string,
  ) {
    super(message);
  }
}

interface Fault {
  readonly code: ErrorCode;
  /** The first number is where it begins. */
  readonly pos: readonly [number, ...number[]];
}

class DocumentReader {
  readonly problems = new ProblemList();
  /** Offsets by path. */
  private readonly offsets = new Map<string, number>();
  private readonly anchors = new Map<string, ParsedNode>();
  /** Values that are being read now: an alias to one of them is a circle. */
  private readonly open = new Set<ParsedNode>();
  private aliases = 0;
  private values = 0;

  constructor(private readonly lines: LineCounter) {}

  /** The nearest place: of the path, or of what it is in. */
  place(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const offset = this.offsets.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return this.placeOf(offset);
    }
    return { line: 1, column: 1 };
  }

  /** The value of the document; undefined: its syntax is wrong, it is beyond a bound, or has an alias that cannot be followed. */
  compose(tokens: readonly CST.Token[], length: number): unknown {
    const composer = new Composer({
      prettyErrors: false,
      // Checked here: yaml compares each key with all others, 12 s for 60,000 keys.
      uniqueKeys: false,
    });
    const [document, another] = composer.compose(tokens, true, length);
    if (document === undefined) return null;
    const faults: Fault[] = [...document.errors, ...document.warnings];
    if (another !== undefined) faults.push({ code: 'MULTIPLE_DOCS', pos: another.range });
    if (faults.length === 0) return this.read(document.contents);
    this.faulty(faults);
    return undefined;
  }

  /** Reports the first fault of each line. */
  private faulty(faults: readonly Fault[]): void {
    const byLine = new Map<number, Fault>();
    for (const fault of [...faults].sort((a, b) => a.pos[0] - b.pos[0])) {
      const { line } = this.placeOf(fault.pos[0]);
      if (!byLine.has(line)) byLine.set(line, fault);
    }
    for (const { code, pos } of [...byLine.values()].slice(0, MAX_FAULTS)) {
      this.fault([], pos[0], YAML_FAULTS[code]);
    }
  }

  private read(contents: ParsedNode | null): unknown {
    try {
      return this.convert(contents, []);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.fault([], offsetOf(error.node), error.message);
      return undefined;
    }
  }

  private convert(node: ParsedNode | null, path: Path): unknown {
    if (++this.values > MAX_VALUES) throw new Unreadable(node, `the file has more than ${MAX_VALUES} values`);
    if (path.length > MAX_DEPTH) throw new Unreadable(node, YAML_FAULTS.RESOURCE_EXHAUSTION);
    if (node === null) return null;
    if (isAlias(node)) return this.convertAlias(node, path);
    if (node.anchor !== undefined && !this.anchors.has(node.anchor)) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return this.convertScalar(node, path);
    this.open.add(node);
    const value = isMap(node) ? this.convertMap(node, path) : this.convertSeq(node, path);
    this.open.delete(node);
    return value;
  }

  private convertAlias(alias: Alias.Parsed, path: Path): unknown {
    const target = this.anchors.get(alias.source);
    if (target === undefined) throw new Unreadable(alias, NO_ANCHOR);
    if (this.open.has(target)) throw new Unreadable(alias, 'the alias names what it is in');
    if (++this.aliases > MAX_ALIASES) throw new Unreadable(alias, TOO_MANY_ALIASES);
    return this.convert(target, path);
  }

  private convertScalar(node: Scalar.Parsed, path: Path): unknown {
    const { value } = node;
    if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
    this.fault(path, offsetOf(node), 'the number has too many digits to be kept exactly: write it in quotes');
    return value;
  }

  private convertSeq(node: YAMLSeq.Parsed, path: Path): unknown[] {
    return node.items.map((item, index) => {
      const itemPath = [...path, index];
      this.mark(itemPath, offsetOf(item));
      return this.convert(item, itemPath);
    });
  }

  private convertMap(node: YAMLMap.Parsed, path: Path): Readonly<Record<string, unknown>> {
    const members = new Map<string, unknown>();
    const lines = new Map<string, number>();
    const bases: ParsedNode[] = [];
    for (const { key, value } of node.items) {
      const offset = offsetOf(key);
      const name = keyText(key);
      if (name === undefined) {
        this.fault(path, offset, YAML_FAULTS.NON_STRING_KEY);
        continue;
      }
      if (name === '<<' && value !== null) {
        bases.push(...(isSeq(value) ? value.items : [value]));
        continue;
      }
      const before = lines.get(name);
      if (before !== undefined) {
        this.fault([...path, name], offset, `the key is there twice, first in line ${before}`);
        continue;
      }
      lines.set(name, this.placeOf(offset).line);
      const memberPath = [...path, name];
      this.mark(memberPath, offset);
      members.set(name, this.convert(value, memberPath));
    }
    for (const base of bases) this.merge(members, base, path);
    const object = Object.create(null) as Record<string, unknown>;
    for (const [name, value] of members) object[name] = value;
    return object;
  }

  /** `<<: *base`: what the mapping itself does not have is taken from the other one; of several, the first one wins. */
  private merge(members: Map<string, unknown>, base: ParsedNode, path: Path): void {
    const value = this.convert(base, path);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fault(path, offsetOf(base), '<< takes a mapping, or a list of mappings');
      return;
    }
    for (const [name, member] of Object.entries(value)) if (!members.has(name)) members.set(name, member);
  }

  /** The first place of a path stays: what a mapping has itself is read before what it merges. */
  private mark(path: Path, offset: number): void {
    const key = JSON.stringify(path);
    if (!this.offsets.has(key)) this.offsets.set(key, offset);
  }

  fault(path: Path, offset: number, text: string): void {
    this.problems.add(path, text, this.placeOf(offset));
  }

  private placeOf(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function offsetOf(node: ParsedNode | null): number {
  return node?.range[0] ?? 0;
}

/** Keys are texts: `2024:` is the key "2024". Undefined: the key is a mapping, a list, an alias or empty. */
function keyText(key: ParsedNode): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return key.source === '' ? undefined : key.source;
}

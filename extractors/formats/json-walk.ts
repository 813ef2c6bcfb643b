import { BeamliftError, showValue } from '../../core/errors';
import { BYTE, INCOMPLETE, type JsonGrammar } from './json-grammar';
import { keyText } from './json-names';
import { showRecordsPath, type RecordsPath } from './json-path';
import { JsonSkip } from './json-skip';

/** Keys of an object that an error names. */
const SHOWN_KEYS = 20;

/** What comes next. */
const VALUE = 0;
const FIRST_MEMBER = 1;
const MEMBER = 2;
const COLON = 3;
const SKIPPED = 4;
const COMMA_OR_END = 5;

/** An object or array around the records. */
interface Container {
  readonly isObject: boolean;
  /** Of an array: members so far. */
  members: number;
  /** Of an object: the first of its keys. */
  readonly keys: string[];
  /** Whether it has the member that the path goes through. */
  found: boolean;
}

/**
 * Finds the records in documents that hold them under a path, and steps over everything else, whatever its size. Documents are walked to
 * their ends: what is behind the records is checked as well.
 */
export class JsonWalk {
  /** Whether the last `step` came to the value at the path. Whoever reads it calls `leave` behind it. */
  reached = false;
  private next = VALUE;
  private documents = 0;
  private readonly around: Container[] = [];
  private readonly skipped = new JsonSkip();
  /** Whether the member whose key was read is the one that the path goes through. */
  private isOnPath = false;

  constructor(
    private readonly path: RecordsPath,
    private readonly grammar: JsonGrammar,
  ) {}

  get isBetweenDocuments(): boolean {
    return this.around.length === 0;
  }

  /** Whether the next byte, white space as well, belongs to a value off the path. */
  get isSkipping(): boolean {
    return this.next === SKIPPED;
  }

  /**
   * Steps over what stands at `at`, which is no white space unless `isSkipping`: the index behind it, INCOMPLETE, or that of a problem (`grammar.problem`).
   * Throws FORMAT_INVALID where a document does not have the path.
   */
  step(at: number): number {
    const { grammar } = this;
    this.reached = false;
    const container = this.around.at(-1);
    if (this.next === SKIPPED) return this.skip(at);
    if (this.next === VALUE || container === undefined) return this.enter(at);
    if (this.next === COLON) {
      if (grammar.bytes[at] !== BYTE.colon) return grammar.unexpected(at, "':'");
      this.toValue();
      return at + 1;
    }
    const close = container.isObject ? BYTE.closeObject : BYTE.closeArray;
    if (grammar.bytes[at] === close && this.next !== MEMBER) return this.close(container, at);
    if (this.next === COMMA_OR_END) {
      const end = container.isObject ? "',' or '}'" : "',' or ']'";
      if (grammar.bytes[at] !== BYTE.comma) return grammar.unexpected(at, end);
      this.next = MEMBER;
      return at + 1;
    }
    return container.isObject ? this.key(container, at) : this.element(container, at);
  }

  /** Behind the value at the path. */
  leave(): void {
    this.next = COMMA_OR_END;
  }

  /** The value at the path is neither an array nor an object. */
  noRecords(kind: string): BeamliftError {
    return this.missing(`The value there is ${kind}, not an array or an object.`);
  }

  /** Into a value on the path. */
  private enter(at: number): number {
    const { around, path, grammar } = this;
    if (around.length === 0) this.documents++;
    const key = path[around.length];
    if (key === undefined) {
      this.reached = true;
      return at;
    }
    const byte = grammar.bytes[at];
    const isObject = byte === BYTE.openObject;
    if (!isObject && byte !== BYTE.openArray) {
      throw this.missing(`${this.placeOf(around.length)} is neither an object nor an array.`);
    }
    if (!isObject && !/^(?:0|[1-9]\d*)$/.test(key)) {
      throw this.missing(
        `${this.placeOf(around.length)} is an array, and ${showValue(key)} is not the number of one of its elements.`,
      );
    }
    around.push({ isObject, members: 0, keys: [], found: false });
    this.next = FIRST_MEMBER;
    return at + 1;
  }

  private key(container: Container, at: number): number {
    const { grammar } = this;
    if (grammar.bytes[at] !== BYTE.quote) return grammar.unexpected(at, 'a key in quotes');
    const end = grammar.string(at + 1);
    if (end < 0) return end;
    const bytes = Buffer.from(grammar.bytes.buffer, grammar.bytes.byteOffset, grammar.limit);
    const key = keyText(bytes, at + 1, end - 1, false) ?? '\ufffd';
    this.isOnPath = key === this.path[this.around.length - 1];
    if (this.isOnPath && container.found) return grammar.fail(at, `the key ${showValue(key)} twice`);
    if (this.isOnPath) container.found = true;
    else if (container.keys.length < SHOWN_KEYS) container.keys.push(key);
    container.members++;
    this.next = COLON;
    return end;
  }

  private element(container: Container, at: number): number {
    this.isOnPath = String(container.members) === this.path[this.around.length - 1];
    if (this.isOnPath) container.found = true;
    container.members++;
    this.toValue();
    return this.step(at);
  }

  private toValue(): void {
    this.next = this.isOnPath ? VALUE : SKIPPED;
    if (!this.isOnPath) this.skipped.begin();
  }

  private skip(at: number): number {
    const { grammar, skipped } = this;
    const end = skipped.skip(grammar.bytes, at, grammar.limit, this.around.length);
    if (end === INCOMPLETE) return grammar.limit;
    if (end < 0) return grammar.fail(skipped.problemAt, skipped.problem);
    this.next = COMMA_OR_END;
    return end;
  }

  private close(container: Container, at: number): number {
    if (!container.found) {
      const place = this.placeOf(this.around.length - 1);
      throw this.missing(`${place} ${contentOf(container)}.`);
    }
    this.around.pop();
    this.next = this.around.length === 0 ? VALUE : COMMA_OR_END;
    return at + 1;
  }

  private placeOf(level: number): string {
    return level === 0 ? 'The document' : `The value at ${showRecordsPath(this.path.slice(0, level))}`;
  }

  private missing(why: string): BeamliftError {
    const which = this.documents > 1 ? `Document ${this.documents} of the file` : 'The file';
    return new BeamliftError('FORMAT_INVALID', {
      what: `${which} has no records at ${showRecordsPath(this.path)}.`,
      why,
      hint: 'Set `records_path` in file_format_options to where the records are, or leave it out if the document is the records.',
    });
  }
}

function contentOf({ isObject, members, keys }: Container): string {
  if (!isObject) return `has ${members === 1 ? '1 element' : `${members} elements`}`;
  if (members === 0) return 'has no keys';
  const more = members > keys.length ? ', …' : '';
  return `has the keys ${keys.map((key) => showValue(key)).join(', ')}${more}`;
}

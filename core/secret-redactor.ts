/** What stands where a secret stood. */
export const REDACTED = '***';

/**
 * From so many characters on, a secret is replaced wherever it occurs. A shorter one of letters and digits alone may be a part of
 * ordinary words (`postgres` in `postgresql`), so it is replaced only where it stands alone.
 */
const ANYWHERE_LENGTH = 12;

/**
 * Below so many characters (`1`, `abc`), a secret is replaced only where the text says that a secret follows: blind replacement would
 * make every text unreadable, and its holes would tell the secret.
 */
const ALONE_LENGTH = 4;

/** Lines of a secret of several lines (a key file) are secrets of their own from so many characters on: errors quote single lines. */
const LINE_LENGTH = 16;

/** Members of a JSON secret (a key file) that are secret themselves. */
const SECRET_MEMBER = /key|secret|token|password|credential/i;

/** Remembers secrets, and takes them out of any text. Every log line and every error goes through one before a person sees it. */
export class SecretRedactor {
  private readonly secrets = new Set<string>();
  private pattern: RegExp | undefined;

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.remember(secret);
  }

  /** Also remembers what is secret inside it (members of a JSON key, lines of a PEM key), and how URLs and JSON texts write it. */
  remember(secret: string): void {
    for (const part of [secret, ...secretParts(secret)]) {
      for (const spelling of spellings(part)) this.secrets.add(spelling);
    }
    this.pattern = undefined;
  }

  redact(text: string): string {
    if (this.secrets.size === 0) return text;
    this.pattern ??= patternOf(this.secrets);
    return text.replace(this.pattern, REDACTED);
  }
}

/** The text without the secrets; see SecretRedactor. */
export function redact(text: string, secrets: Iterable<string>): string {
  return new SecretRedactor(secrets).redact(text);
}

function secretParts(secret: string): string[] {
  const members = jsonMembers(secret);
  if (members !== undefined) return members;
  return secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= LINE_LENGTH && line !== secret);
}

/** Texts in a JSON object whose names say that they are secret; undefined: not a JSON object. */
function jsonMembers(secret: string): string[] | undefined {
  if (!secret.trimStart().startsWith('{')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  return Object.entries(parsed).flatMap(([name, value]) =>
    typeof value === 'string' && SECRET_MEMBER.test(name) ? [value, ...secretParts(value)] : [],
  );
}

function spellings(secret: string): string[] {
  if (secret === '') return [];
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    encodeURIComponent(secret.replace(/\p{Surrogate}/gu, '\ufffd')),
    secret.replaceAll("'", "''"),
  ];
}

function patternOf(secrets: ReadonlySet<string>): RegExp {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(occurrences).join('|'), 'g');
}

/** Not inside a word; an escape before it (`%3A` of a URL, `\n` of a JSON text) does not belong to the word. */
const WORD_BEGINS = '(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\\\[bfnrt])|(?<=\\\\u[0-9A-Fa-f]{4}))';
const WORD_ENDS = '(?![A-Za-z0-9])';

/** `password=`, `"token": "`, `pwd: '`, and `//user:` of a URL. Every repetition is bounded: it is tried at each occurrence. */
const SECRET_FOLLOWS = `(?:(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|credentials?)["']?\\s{0,3}[:=]\\s{0,3}["']?|//[^\\s/:@]{0,128}:)`;

function occurrences(secret: string): string {
  const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  if (secret.length < ALONE_LENGTH) return `${literal}(?<=${SECRET_FOLLOWS}${literal})${WORD_ENDS}`;
  const ordinary = secret.length < ANYWHERE_LENGTH && /^[A-Za-z0-9]+$/.test(secret);
  return ordinary ? `${WORD_BEGINS}${literal}${WORD_ENDS}` : literal;
}

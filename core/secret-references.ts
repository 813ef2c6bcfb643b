/**
 * References to secrets inside configuration texts:
 * `${env:NAME}`, `${file:path}`, `${secret:projects/P/secrets/S/versions/V}` (Secret Manager),
 * and two that configuration puts in place of a secret, so that no plan holds one: `${inline:path}` of one that was written out, and
 * `${connection:NAME/FIELD}` of one that the run store keeps encrypted.
 */
export const SECRET_REFERENCE_KINDS = ['env', 'file', 'secret', 'inline', 'connection'] as const;
export type SecretReferenceKind = (typeof SECRET_REFERENCE_KINDS)[number];

export interface SecretReference {
  readonly kind: SecretReferenceKind;
  /** What is behind the colon. */
  readonly target: string;
  /** The reference as it was written. */
  readonly text: string;
}

/** A text cut into literal pieces and references, in order. A literal `${` is written `$${`. */
export type SecretTextPart = string | SecretReference;

/** An escape, a reference, or what looks like the beginning of one. */
const REFERENCE = /\$\$\{|\$\{([a-z]+):([^}]*)\}|\$\{([A-Za-z_][A-Za-z0-9_]*\})?/g;
const ESCAPED = '$${';
const KNOWN_REFERENCES = 'known are ${env:NAME}, ${file:path} and ${secret:projects/P/secrets/S/versions/V}';
const SECRET_VERSION = /^projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+$/;

/** Cuts a text at its references. A reference of unknown kind or shape is returned as a problem, in words. */
export function parseSecretText(text: string): { parts: SecretTextPart[]; problems: string[] } {
  const parts: SecretTextPart[] = [];
  const problems: string[] = [];
  let literal = '';
  let last = 0;
  for (const match of text.matchAll(REFERENCE)) {
    literal += text.slice(last, match.index);
    last = match.index + match[0].length;
    const [whole, kind, target = '', variable] = match;
    if (whole === ESCAPED) {
      literal += '${';
      continue;
    }
    if (kind === undefined) {
      problems.push(
        variable === undefined
          ? `\${ begins no known reference; ${KNOWN_REFERENCES}; a literal \${ is written $\${`
          : `\${${variable} is not a reference; for an environment variable write \${env:${variable}, for the text itself $\${${variable}`,
      );
      continue;
    }
    const known = SECRET_REFERENCE_KINDS.find((candidate) => candidate === kind);
    if (known === undefined) {
      problems.push(`\${${kind}:…} is not a known reference; ${KNOWN_REFERENCES}`);
      continue;
    }
    if (target === '') {
      problems.push(`\${${kind}:} names nothing`);
      continue;
    }
    if (known === 'secret' && !SECRET_VERSION.test(target)) {
      problems.push('${secret:…} does not name projects/P/secrets/S/versions/V');
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ kind: known, target, text: whole });
  }
  literal += text.slice(last);
  if (literal !== '' || parts.length === 0) parts.push(literal);
  return { parts, problems };
}

/** Whether the text holds at least one reference. */
export function hasSecretReference(text: string): boolean {
  return parseSecretText(text).parts.some((part) => typeof part !== 'string');
}

import type { NameRules } from '../core/destination-rules';

const CONTROL = /\p{Control}|\p{Surrogate}/u;
/** Before names that begin with what is reserved even after a `_`. */
const FALLBACK_PREFIX = 'c';

/**
 * A column name that the destination takes, from any text: characters that are not allowed become `_` (an emoji is one character), a name that
 * may not begin as it does gets a `_` in front, one that is too long is cut. The same text gives the same name; two texts may give one name.
 */
export function sanitizeName(name: string, rules: NameRules): string {
  const allowed =
    rules.allowed === undefined
      ? undefined
      : new RegExp(rules.allowed.source, rules.allowed.flags.replace(/[gy]/g, ''));
  let clean = '';
  for (const character of name) {
    const keep = !CONTROL.test(character) && (allowed === undefined || allowed.test(character));
    clean += keep ? character : '_';
  }
  if (clean === '') clean = '_';
  if (!rules.mayStartWithDigit && /^\d/.test(clean)) clean = `_${clean}`;
  if (isReserved(clean, rules)) clean = `_${clean}`;
  if (isReserved(clean, rules)) clean = FALLBACK_PREFIX + clean;
  return cut(clean, rules.maxLength);
}

function isReserved(name: string, rules: NameRules): boolean {
  const lower = name.toLowerCase();
  return rules.reservedPrefixes.some((prefix) => lower.startsWith(prefix.toLowerCase()));
}

/** At most `maxLength` UTF-16 units, never half of a surrogate pair. */
function cut(name: string, maxLength: number): string {
  if (name.length <= maxLength) return name;
  const last = name.charCodeAt(maxLength - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return name.slice(0, splitsPair ? maxLength - 1 : maxLength);
}

/** What two names have in common when they are the same for the destination. */
export function nameKey(name: string, rules: NameRules): string {
  return rules.caseInsensitive ? name.toLowerCase() : name;
}

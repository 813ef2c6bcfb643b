import type { TypeOf } from './rule';
import { CellRejected, type ConversionContext } from './rule';
import { compileJsonNumbers } from './json-numbers';
import { changeOrReject } from './policy-actions';
import { jsonKind, jsonProblem } from '../json-text';

const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const NUL = '\u0000';

/**
 * Any text into a string column: U+0000 by policy `nul_character`, halves of surrogate pairs reject, and so does a text that is too long
 * or none of an enum's values. Nothing is ever cut.
 */
export function compileFitText(
  destination: TypeOf<'string'>,
  context: ConversionContext,
): (text: string) => string {
  const limit = compileFitPlainText(destination);
  const dropNul = context.rules.nulCharacter
    ? undefined
    : changeOrReject(context, 'nul_character', 'the character U+0000');
  return (text) => {
    if (SURROGATE.test(text) && LONE_SURROGATE.test(text)) {
      throw CellRejected.of('half of a surrogate pair, which is no character');
    }
    if (dropNul === undefined || !text.includes(NUL)) return limit(text);
    dropNul();
    return limit(text.replaceAll(NUL, ''));
  };
}

/** The same for texts that have neither U+0000 nor surrogates, such as numbers and dates. */
export function compileFitPlainText(destination: TypeOf<'string'>): (text: string) => string {
  const { maxLength } = destination;
  const values = destination.values === undefined ? undefined : new Set(destination.values);
  if (maxLength === undefined && values === undefined) return (text) => text;
  const notOneOf = `none of the values ${listValues(destination.values ?? [])}`;
  return (text) => {
    if (maxLength !== undefined && text.length > maxLength) {
      const length = lengthInCharacters(text);
      if (length > maxLength) throw CellRejected.of(`${length} characters, the column holds ${maxLength}`);
    }
    if (values !== undefined && !values.has(text)) throw CellRejected.of(notOneOf);
    return text;
  };
}

/** So many values of an enum are named in a reason. */
const MAX_NAMED_VALUES = 10;

function listValues(values: readonly string[]): string {
  const named = values.slice(0, MAX_NAMED_VALUES).join(', ');
  return values.length > MAX_NAMED_VALUES ? `${named}, … (${values.length})` : named;
}

/** Code points: what databases count. */
function lengthInCharacters(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0xdc00 || code > 0xdfff) length++;
  }
  return length;
}

const ESCAPED_NUL = /(?<!\\)((?:\\\\)*)\\u0000/g;

/** JSON text that is known to be valid into a json column: long numbers, and escapes of U+0000 and of halves of surrogate pairs, are not welcome everywhere. */
export function compileFitJson(context: ConversionContext): (json: string) => string {
  const fitTexts = compileFitJsonTexts(context);
  const fitNumbers = compileJsonNumbers(context);
  return fitNumbers === undefined ? fitTexts : (json) => fitNumbers(fitTexts(json));
}

function compileFitJsonTexts(context: ConversionContext): (json: string) => string {
  const dropNul = context.rules.nulCharacter
    ? undefined
    : changeOrReject(context, 'nul_character', 'the character U+0000');
  return (json) => {
    if (!json.includes('\\u')) return json;
    const problem = jsonProblem(json);
    if (problem !== undefined) throw CellRejected.of(problem);
    if (dropNul === undefined || !json.includes('\\u0000')) return json;
    const without = json.replace(ESCAPED_NUL, '$1');
    if (without === json) return json;
    dropNul();
    return without;
  };
}

/** A document whose text `fit` has looked at: where the destination takes `null` for no document, it is none. */
export function compileDocument(
  fit: (json: string) => string,
  { rules }: ConversionContext,
): (json: string) => string | null {
  if (rules.nullDocument !== false) return fit;
  return (json) => {
    const fitting = fit(json);
    return jsonKind(fitting) === 'null' ? null : fitting;
  };
}

/** Any text into a json column: it must be one JSON document, and stays as it is written. */
export function compileTextToJson(context: ConversionContext): (text: string) => string {
  const fit = compileFitJson(context);
  return (text) => {
    const problem = jsonProblem(text);
    if (problem !== undefined) throw CellRejected.of(problem);
    return fit(text);
  };
}

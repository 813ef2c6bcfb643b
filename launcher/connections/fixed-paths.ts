import path from 'node:path';
import { parseSecretText } from '../../core/secret-references';
import { escapeReferences } from '../config/endpoint-texts';

/**
 * The value with the paths of its `${file:…}` references made absolute: a stored connection is used from other folders, too. Texts are in
 * the syntax of references, and stay so.
 */
export function fixedPaths(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((item) => fixedPaths(item, folder));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, fixedPaths(member, folder)]),
    );
  }
  return typeof value === 'string' ? fixedText(value, folder) : value;
}

function fixedText(text: string, folder: string): string {
  return parseSecretText(text)
    .parts.map((part) => {
      if (typeof part === 'string') return escapeReferences(part);
      return part.kind === 'file' ? `\${file:${path.resolve(folder, part.target)}}` : part.text;
    })
    .join('');
}

import { parseSecretText } from '../../core/secret-references';
import type { JsonObject } from '../../core/plan';
import { type Fields, isFields, withoutAt } from '../config/field-paths';
import type { ConnectionOutline } from '../config/connection-outline';
import type { ConnectionView, SecretView } from '../output/connections-text';
import { byName, type StoredConnection } from './connection-store';

/** All connections, those of the file first. `keyIdOf` tells which key an encrypted secret needs. */
export function viewConnections(
  outline: ConnectionOutline,
  stored: readonly StoredConnection[],
  keyIdOf: (sealed: string) => string | undefined,
): ConnectionView[] {
  const jobsOf = (name: string): readonly string[] => outline.uses.get(name) ?? [];
  const ofFile = [...outline.connections.values()]
    .sort(byName)
    .map(({ name, type, config }): ConnectionView => {
      const { plain, secrets } = split(config);
      const times = { created_at: null, updated_at: null };
      return {
        name,
        type,
        origin: 'file',
        hidden: false,
        fields: plain,
        secrets,
        used_by: jobsOf(name),
        ...times,
      };
    });
  const ofStore = stored.map(({ name, type, fields, sealed, created_at, updated_at }): ConnectionView => {
    const hidden = outline.names.includes(name);
    const { plain, secrets } = split(fields);
    const encrypted = Object.entries(sealed).map(([field, text]): [string, SecretView] => [
      field,
      { kept: 'encrypted', key_id: keyIdOf(text) ?? null },
    ]);
    return {
      ...{ name, type, origin: 'run_store', hidden, fields: plain },
      secrets: { ...secrets, ...Object.fromEntries(encrypted) },
      used_by: hidden ? [] : jobsOf(name),
      ...{ created_at, updated_at },
    };
  });
  return [...ofFile, ...ofStore];
}

/** References apart from what may be shown; those inside of mappings under their paths. */
function split(fields: JsonObject): { plain: JsonObject; secrets: Record<string, SecretView> } {
  let plain: Fields = fields;
  const secrets = new Map<string, SecretView>();
  for (const [field, text] of textsOf(fields, '')) {
    const references = parseSecretText(text).parts.filter((part) => typeof part !== 'string');
    if (references.length === 0) continue;
    plain = withoutAt(plain, field);
    const inFile = references.some(({ kind }) => kind === 'inline');
    secrets.set(field, inFile ? { kept: 'in the file' } : { kept: 'reference', reference: text });
  }
  return { plain: plain as JsonObject, secrets: Object.fromEntries(secrets) };
}

function textsOf(fields: Fields, before: string): [path: string, text: string][] {
  return Object.entries(fields).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return [[`${before}${name}`, value]];
    return isFields(value) ? textsOf(value, `${before}${name}.`) : [];
  });
}

import { randomUUID } from 'node:crypto';
import { BeamliftError } from '../../core/errors';
import { openSealed, sealSecret, type SecretKeys } from '../../core/sealed-secrets';
import type { ConnectionDraft } from './draft-connection';
import type { StoredConnection } from './connection-store';

export { keyIdOf } from '../../core/sealed-secrets';

/** The draft as it is stored: secrets that were written out are encrypted. Throws SECRET_KEY. */
export async function sealDraft(
  { name, type, fields, secrets, kept }: ConnectionDraft,
  existing: StoredConnection | undefined,
  keys: SecretKeys,
  now: Date,
): Promise<StoredConnection> {
  const sealed = new Map<string, string>();
  for (const [field, text] of kept) sealed.set(field, text);
  for (const [field, text] of secrets) sealed.set(field, await sealSecret(text, { name, field }, keys));
  const time = now.toISOString();
  return {
    name,
    type,
    fields,
    sealed: Object.fromEntries(sealed),
    revision: randomUUID(),
    created_at: existing?.created_at ?? time,
    updated_at: time,
  };
}

/** What became of the secrets of one connection when the key was changed. */
export interface Rotation {
  /** Undefined: all of them had the new key already. */
  readonly connection: StoredConnection | undefined;
  readonly changed: number;
}

/** Encrypts the secrets with the new key that another one opens. Throws SECRET_KEY for a secret that neither of them opens. */
export async function rotateKeys(
  stored: StoredConnection,
  keys: { readonly old: SecretKeys; readonly current: SecretKeys },
  now: Date,
): Promise<Rotation> {
  const { name } = stored;
  const sealed = new Map(Object.entries(stored.sealed));
  let changed = 0;
  for (const [field, text] of Object.entries(stored.sealed)) {
    const place = { name, field };
    if ('text' in (await openSealed(text, place, keys.current))) continue;
    const opened = await openSealed(text, place, keys.old);
    if ('problem' in opened) {
      throw new BeamliftError('SECRET_KEY', {
        what: `\`${field}\` of connection ${name} cannot be read`,
        where: { connection: name },
        why: opened.problem,
        hint: `Set ${keys.old.variable} to the key that it was stored with, or give the secret again: beamlift connections edit ${name}.`,
      });
    }
    sealed.set(field, await sealSecret(opened.text, place, keys.current));
    changed += 1;
  }
  if (changed === 0) return { connection: undefined, changed };
  const updated = { revision: randomUUID(), updated_at: now.toISOString() };
  return { connection: { ...stored, ...updated, sealed: Object.fromEntries(sealed) }, changed };
}

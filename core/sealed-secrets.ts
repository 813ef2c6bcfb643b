import { createCipheriv, createDecipheriv, createHmac, randomBytes, scrypt } from 'node:crypto';
import { z } from 'zod';
import { BeamliftError } from './errors';

/** The environment variable that holds the key, and the one that holds the key before while keys are changed. */
export const SECRET_KEY_VARIABLE = 'BEAMLIFT_SECRET_KEY';
export const OLD_SECRET_KEY_VARIABLE = 'BEAMLIFT_SECRET_KEY_OLD';

/** What to do about a key. */
export const SECRET_KEY_HINT = `Set ${SECRET_KEY_VARIABLE} to the key that the secret was stored with, or give the secret again: beamlift connections edit.`;

/** AES-256. */
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 bits for random nonces, of which a key may see 2^32. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
/** RFC 7914; 32 MiB and about 0.1 s for each salt. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
/** Of a passphrase: shorter ones are found by trying. */
const MIN_PASSPHRASE = 16;
/** Shown of the hash of a key: enough to tell keys apart. */
const KEY_ID_DIGITS = 12;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

/** A sealed secret as it is kept: everything but the key. `salt`: the key is a passphrase. */
const sealedSchema = z.strictObject({
  v: z.literal(1),
  key_id: z.string(),
  salt: base64.optional(),
  nonce: base64,
  data: base64,
});

/** What a sealed secret belongs to: it opens nowhere else. */
export interface SealedPlace {
  /** Of the connection. */
  readonly name: string;
  readonly field: string;
}

/** The key as the environment has it: 32 bytes in base64, or a passphrase. Keys of passphrases are made once for each salt. */
export class SecretKeys {
  private readonly derived = new Map<string, Promise<Buffer>>();

  /** `written`: undefined where the variable is not set. `variable`: where it comes from, for errors. */
  constructor(
    private readonly written: string | undefined,
    readonly variable = SECRET_KEY_VARIABLE,
  ) {}

  get isSet(): boolean {
    return this.written !== undefined && this.written !== '';
  }

  /** The key itself where it is 32 bytes, else undefined: it is a passphrase. */
  get bytes(): Buffer | undefined {
    const text = (this.written ?? '').trim();
    if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64');
    return bytes.length === KEY_BYTES ? bytes : undefined;
  }

  /** The key for a salt of a passphrase. */
  async fromPassphrase(salt: string): Promise<Buffer> {
    let key = this.derived.get(salt);
    if (key === undefined) {
      key = derive((this.written ?? '').trim().normalize('NFC'), Buffer.from(salt, 'base64'));
      this.derived.set(salt, key);
    }
    return await key;
  }

  /** Throws SECRET_KEY where there is none that secrets may be stored with. */
  requireStrong(): void {
    if (!this.isSet) {
      throw new BeamliftError('SECRET_KEY', {
        what: `A secret can only be stored encrypted, and ${this.variable} is not set`,
        hint: `Make a key once, keep it where your secrets are, and set it: export ${this.variable}="$(openssl rand -base64 32)". Or store a reference: \${env:NAME}, \${file:path}, \${secret:projects/P/secrets/S/versions/V}.`,
      });
    }
    const { length } = (this.written ?? '').trim();
    if (this.bytes === undefined && length < MIN_PASSPHRASE) {
      throw new BeamliftError('SECRET_KEY', {
        what: `${this.variable} is neither 32 bytes in base64 nor a passphrase of at least ${MIN_PASSPHRASE} characters`,
        hint: 'Make a key: openssl rand -base64 32',
      });
    }
  }
}

/** Encrypts a secret with AES-256-GCM under a new nonce. Throws SECRET_KEY. */
export async function sealSecret(secret: string, place: SealedPlace, keys: SecretKeys): Promise<string> {
  keys.requireStrong();
  const salt = keys.bytes === undefined ? randomBytes(SALT_BYTES).toString('base64') : undefined;
  const key = keys.bytes ?? (await keys.fromPassphrase(salt ?? ''));
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(place));
  const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return JSON.stringify({
    v: 1,
    key_id: keyId(key),
    ...(salt === undefined ? {} : { salt }),
    nonce: nonce.toString('base64'),
    data: data.toString('base64'),
  } satisfies z.infer<typeof sealedSchema>);
}

/** The secret, or why it cannot be had, in a sentence. */
export async function openSealed(
  sealed: string,
  place: SealedPlace,
  keys: SecretKeys,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  const parsed = readSealed(sealed);
  if (parsed === undefined) {
    return { problem: 'What the run store holds is not an encrypted secret of this version.' };
  }
  if (!keys.isSet) return { problem: `It is kept encrypted, and ${keys.variable} is not set.` };
  const { salt, key_id: id } = parsed;
  const key = salt === undefined ? keys.bytes : await keys.fromPassphrase(salt);
  if (key === undefined || keyId(key) !== id) {
    return {
      problem: `It was encrypted with another key (${id}) than the one in ${keys.variable}.`,
    };
  }
  const data = Buffer.from(parsed.data, 'base64');
  const split = data.length - TAG_BYTES;
  try {
    const nonce = Buffer.from(parsed.nonce, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(place));
    decipher.setAuthTag(data.subarray(split));
    return {
      text: Buffer.concat([decipher.update(data.subarray(0, split)), decipher.final()]).toString('utf8'),
    };
  } catch {
    return { problem: 'It was changed in the run store, or belongs to another connection or field.' };
  }
}

/** Tells which key a sealed secret needs; undefined: it is not one. */
export function keyIdOf(sealed: string): string | undefined {
  return readSealed(sealed)?.key_id;
}

function readSealed(sealed: string): z.infer<typeof sealedSchema> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(sealed);
  } catch {
    return undefined;
  }
  return sealedSchema.safeParse(parsed).data;
}

function additionalData({ name, field }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['beamlift connection', 1, name, field]));
}

/** Of a passphrase: made from the derived key, so that it is no shorter way to try passphrases. */
function keyId(key: Buffer): string {
  return createHmac('sha256', key).update('beamlift key id').digest('hex').slice(0, KEY_ID_DIGITS);
}

async function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_BYTES, SCRYPT, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

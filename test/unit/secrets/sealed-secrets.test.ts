import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createSecretResolver } from '../../../core/clients/secrets';
import { BeamliftError } from '../../../core/errors';
import { keyIdOf, openSealed, sealSecret, SecretKeys } from '../../../core/sealed-secrets';
import { SecretRedactor } from '../../../core/secret-redactor';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER = Buffer.alloc(32, 8).toString('base64');
const PASSPHRASE = 'correct horse battery staple';
const PLACE = { name: 'shop', field: 'password' };

interface Sealed {
  v: number;
  key_id: string;
  salt?: string;
  nonce: string;
  data: string;
}

describe('sealed secrets', () => {
  it('open with their key at their place, whatever they are', async () => {
    const keys = new SecretKeys(KEY);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.string(),
        async (secret, name, field) => {
          const sealed = await sealSecret(secret, { name, field }, keys);
          assert.deepEqual(await openSealed(sealed, { name, field }, keys), { text: secret });
          assert.deepEqual(Object.keys(JSON.parse(sealed) as Sealed), ['v', 'key_id', 'nonce', 'data']);
        },
      ),
    );
  });

  it('are another text each time, and hold no secret', async () => {
    const keys = new SecretKeys(KEY);
    const [one, two] = await Promise.all([
      sealSecret('canary-secret', PLACE, keys),
      sealSecret('canary-secret', PLACE, keys),
    ]);
    assert.notEqual((JSON.parse(one) as Sealed).nonce, (JSON.parse(two) as Sealed).nonce);
    assert.notEqual((JSON.parse(one) as Sealed).data, (JSON.parse(two) as Sealed).data);
    const { data } = JSON.parse(one) as Sealed;
    assert.ok(!Buffer.from(data, 'base64').includes('canary'));
  });

  it('open with a passphrase, whose key has a salt of its own', async () => {
    const sealed = await sealSecret('pw', PLACE, new SecretKeys(PASSPHRASE));
    const again = await sealSecret('pw', PLACE, new SecretKeys(PASSPHRASE));
    assert.notEqual((JSON.parse(sealed) as Sealed).salt, (JSON.parse(again) as Sealed).salt);
    assert.notEqual(keyIdOf(sealed), keyIdOf(again), 'equal passphrases cannot be told');
    assert.deepEqual(await openSealed(sealed, PLACE, new SecretKeys(` ${PASSPHRASE}\n`)), { text: 'pw' });
    const other = await openSealed(sealed, PLACE, new SecretKeys(`${PASSPHRASE}!`));
    assert.match('problem' in other ? other.problem : '', /encrypted with another key/);
  });

  it('open nowhere else', async () => {
    const keys = new SecretKeys(KEY);
    const sealed = await sealSecret('pw', PLACE, keys);
    for (const place of [
      { name: 'shop2', field: 'password' },
      { name: 'shop', field: 'ssl_key' },
      { name: 'shop', field: 'Password' },
    ]) {
      assert.deepEqual(await openSealed(sealed, place, keys), {
        problem: 'It was changed in the run store, or belongs to another connection or field.',
      });
    }
  });

  it('do not open when a single bit of nonce or data was changed', async () => {
    const keys = new SecretKeys(KEY);
    const sealed = JSON.parse(await sealSecret('some password', PLACE, keys)) as Sealed;
    for (const part of ['nonce', 'data'] as const) {
      const length = Buffer.from(sealed[part], 'base64').length;
      for (let bit = 0; bit < length * 8; bit += 5) {
        const bytes = Buffer.from(sealed[part], 'base64');
        const at = Math.floor(bit / 8);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
        const changed = JSON.stringify({ ...sealed, [part]: bytes.toString('base64') });
        const opened = await openSealed(changed, PLACE, keys);
        assert.ok('problem' in opened, `${part} bit ${bit}`);
      }
    }
    for (const data of ['', 'AAAA']) {
      assert.ok('problem' in (await openSealed(JSON.stringify({ ...sealed, data }), PLACE, keys)));
    }
  });

  for (const text of ['', '{}', 'null', '[]', '{"v":2}', '{"v":1,"key_id":"x","nonce":"!","data":""}']) {
    it(`are not ${text === '' ? 'empty' : text}`, async () => {
      assert.deepEqual(await openSealed(text, PLACE, new SecretKeys(KEY)), {
        problem: 'What the run store holds is not an encrypted secret of this version.',
      });
      assert.equal(keyIdOf(text), undefined);
    });
  }

  it('say which key they need, and whether one is set', async () => {
    const sealed = await sealSecret('pw', PLACE, new SecretKeys(KEY));
    const without = await openSealed(sealed, PLACE, new SecretKeys(undefined));
    assert.deepEqual(without, { problem: 'It is kept encrypted, and BEAMLIFT_SECRET_KEY is not set.' });
    assert.deepEqual(await openSealed(sealed, PLACE, new SecretKeys('')), without);
    const wrong = await openSealed(sealed, PLACE, new SecretKeys(OTHER, 'BEAMLIFT_SECRET_KEY_OLD'));
    assert.deepEqual(wrong, {
      problem: `It was encrypted with another key (${keyIdOf(sealed) ?? ''}) than the one in BEAMLIFT_SECRET_KEY_OLD.`,
    });
  });

  for (const [written, why] of [
    [undefined, /BEAMLIFT_SECRET_KEY is not set/],
    ['', /is not set/],
    ['too-short', /neither 32 bytes in base64 nor a passphrase of at least 16 characters/],
    [Buffer.alloc(8).toString('base64'), /neither 32 bytes/],
  ] as const) {
    it(`are not made with the key ${JSON.stringify(written)}`, async () => {
      await assert.rejects(sealSecret('pw', PLACE, new SecretKeys(written)), (error) => {
        assert.ok(error instanceof BeamliftError);
        assert.equal(error.code, 'SECRET_KEY');
        assert.match(error.what, why);
        assert.match(error.hint ?? '', /openssl rand -base64 32/);
        return true;
      });
    });
  }

  it('take the key in base64url, too', async () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 3));
    const sealed = await sealSecret('pw', PLACE, new SecretKeys(bytes.toString('base64')));
    assert.deepEqual(await openSealed(sealed, PLACE, new SecretKeys(bytes.toString('base64url'))), {
      text: 'pw',
    });
  });
});

describe('references to secrets of the run store', () => {
  async function resolver(
    text: string,
    environment: Record<string, string>,
    redactor = new SecretRedactor(),
  ) {
    const sealed = await sealSecret(text, PLACE, new SecretKeys(KEY));
    const secrets = createSecretResolver({
      environment,
      baseFolder: '/',
      inlineSecrets: new Map(),
      sealedSecrets: new Map([['shop/password', sealed]]),
      redactor,
    });
    const { signal } = new AbortController();
    return async (reference: string): Promise<string> => await secrets.resolve(reference, signal);
  }

  it('are resolved with the key of the environment, and the redactor knows the value', async () => {
    const redactor = new SecretRedactor();
    const resolve = await resolver('canary-geheim', { BEAMLIFT_SECRET_KEY: KEY }, redactor);
    assert.equal(await resolve('${connection:shop/password}'), 'canary-geheim');
    assert.equal(redactor.redact('it is canary-geheim'), 'it is ***');
  });

  it('may hold other references, but none to themselves', async () => {
    const environment = { BEAMLIFT_SECRET_KEY: KEY, PART: 'b' };
    const resolve = await resolver('a${env:PART}$${c}', environment);
    assert.equal(await resolve('${connection:shop/password}'), 'ab${c}');
    const looped = await resolver('${connection:shop/password}', environment);
    await assert.rejects(looped('${connection:shop/password}'), /SECRET_UNRESOLVED|resolved/);
  });

  it('say what is missing, and never a value', async () => {
    const reasons: [Record<string, string>, string, RegExp][] = [
      [{}, '${connection:shop/password}', /kept encrypted, and BEAMLIFT_SECRET_KEY is not set/],
      [
        { BEAMLIFT_SECRET_KEY: OTHER },
        '${connection:shop/password}',
        /encrypted with another key \([0-9a-f]{12}\)/,
      ],
      [{ BEAMLIFT_SECRET_KEY: KEY }, '${connection:shop/ssl_key}', /which this process has not read/],
      [{ BEAMLIFT_SECRET_KEY: KEY }, '${connection:nonsense}', /which this process has not read/],
    ];
    for (const [environment, reference, why] of reasons) {
      const resolve = await resolver('canary', environment);
      await assert.rejects(resolve(reference), (error) => {
        assert.ok(error instanceof BeamliftError);
        assert.equal(error.code, 'SECRET_UNRESOLVED');
        assert.ok(error.what.includes(reference));
        assert.match(error.why ?? '', why);
        assert.ok(!JSON.stringify(error.toReport()).includes('canary'));
        return true;
      });
    }
  });
});

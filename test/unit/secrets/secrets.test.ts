import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSecretResolver, MAX_SECRET_BYTES } from '../../../core/clients/secrets';
import { BeamliftError } from '../../../core/errors';
import { SecretRedactor } from '../../../core/secret-redactor';

describe('secret resolver', () => {
  const signal = new AbortController().signal;
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-secrets-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function resolver(environment: Record<string, string>, inline: Record<string, string> = {}) {
    const redactor = new SecretRedactor();
    const secrets = createSecretResolver({
      environment,
      baseFolder: folder,
      inlineSecrets: new Map(Object.entries(inline)),
      redactor,
    });
    return { redactor, resolve: async (text: string) => await secrets.resolve(text, signal) };
  }

  async function failure(work: Promise<unknown>): Promise<BeamliftError> {
    try {
      await work;
    } catch (error) {
      assert.ok(error instanceof BeamliftError);
      return error;
    }
    assert.fail('it did not fail');
  }

  it('leaves a text without references as it is', async () => {
    const { resolve } = resolver({});
    assert.equal(await resolve('127.0.0.1'), '127.0.0.1');
    assert.equal(await resolve(''), '');
    assert.equal(await resolve('a$${b}'), 'a${b}');
  });

  it('resolves variables, also several in one text', async () => {
    const { resolve, redactor } = resolver({ A: 'first-secret-value', B: 'second-secret-value', EMPTY: '' });
    assert.equal(await resolve('${env:A}/${env:B}'), 'first-secret-value/second-secret-value');
    assert.equal(await resolve('${env:EMPTY}'), '');
    assert.equal(redactor.redact('x first-secret-value y second-secret-value'), 'x *** y ***');
  });

  it('names a variable that is not set, and one that is near', async () => {
    const { resolve } = resolver({ SHOP_PASSWORD: 'hunter2hunter2' });
    const error = await failure(resolve('${env:SHOP_PASWORD}'));
    assert.equal(error.code, 'SECRET_UNRESOLVED');
    assert.match(error.what, /\$\{env:SHOP_PASWORD\}/);
    assert.match(error.hint ?? '', /did you mean SHOP_PASSWORD/);
    assert.doesNotMatch(JSON.stringify(error.toReport()), /hunter2/);
  });

  it('does not take inherited names for variables', async () => {
    const { resolve } = resolver(Object.freeze(Object.assign(Object.create(null), {})) as never);
    assert.equal((await failure(resolve('${env:constructor}'))).code, 'SECRET_UNRESOLVED');
  });

  it('reads files from the base folder and trims one line end', async () => {
    await writeFile(path.join(folder, 'password'), 'pass word \n\n');
    await writeFile(path.join(folder, 'windows'), 'secret\r\n');
    const { resolve } = resolver({});
    assert.equal(await resolve('${file:password}'), 'pass word \n');
    assert.equal(await resolve(`\${file:${path.join(folder, 'windows')}}`), 'secret');
  });

  it('says what is wrong with a file', async () => {
    await writeFile(path.join(folder, 'big'), Buffer.alloc(MAX_SECRET_BYTES + 1, 'x'));
    await writeFile(path.join(folder, 'fits'), Buffer.alloc(MAX_SECRET_BYTES, 'x'));
    await writeFile(path.join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
    const { resolve } = resolver({});
    assert.match((await failure(resolve('${file:none}'))).why ?? '', /none does not exist/);
    assert.match((await failure(resolve('${file:.}'))).why ?? '', /is a folder/);
    assert.match((await failure(resolve('${file:big}'))).why ?? '', /more than 64 KiB/);
    assert.match((await failure(resolve('${file:binary}'))).why ?? '', /not UTF-8/);
    assert.equal((await resolve('${file:fits}')).length, MAX_SECRET_BYTES);
  });

  it('reads a file once', async () => {
    const file = path.join(folder, 'once');
    await writeFile(file, 'first');
    const { resolve } = resolver({});
    assert.deepEqual(await Promise.all([resolve('${file:once}'), resolve('${file:once}')]), [
      'first',
      'first',
    ]);
    await writeFile(file, 'second');
    assert.equal(await resolve('${file:once}'), 'first');
  });

  it('forgets a failure', async () => {
    const { resolve } = resolver({});
    await failure(resolve('${file:later}'));
    await writeFile(path.join(folder, 'later'), 'here');
    assert.equal(await resolve('${file:later}'), 'here');
  });

  it('resolves inline secrets, and the references in them', async () => {
    const { resolve, redactor } = resolver(
      { KEY: 'key-of-the-account' },
      {
        'connections.a.password': 'written-out-password',
        'connections.b.text': 'AccountKey=${env:KEY};',
        'connections.c.text': '$${env:KEY}',
        'connections.d.text': '${inline:connections.d.text}',
      },
    );
    assert.equal(redactor.redact('written-out-password'), '***', 'known before it is resolved');
    assert.equal(await resolve('${inline:connections.a.password}'), 'written-out-password');
    assert.equal(await resolve('${inline:connections.b.text}'), 'AccountKey=key-of-the-account;');
    assert.equal(await resolve('${inline:connections.c.text}'), '${env:KEY}');
    assert.match((await failure(resolve('${inline:connections.d.text}'))).why ?? '', /may not refer/);
    assert.match((await failure(resolve('${inline:connections.x.y}'))).why ?? '', /not known/);
  });

  it('refuses references that are none, without quoting them', async () => {
    const { resolve } = resolver({});
    const error = await failure(resolve('${secret:hunter2hunter2}'));
    assert.equal(error.code, 'SECRET_UNRESOLVED');
    assert.doesNotMatch(JSON.stringify(error.toReport()), /hunter2/);
    assert.match((await failure(resolve('${vault:hunter2}'))).what, /not a known reference/);
  });

  it('stops when its signal is aborted', async () => {
    const secrets = createSecretResolver({
      environment: { A: 'x' },
      baseFolder: folder,
      inlineSecrets: new Map(),
      redactor: new SecretRedactor(),
    });
    const reason = new Error('stop');
    await assert.rejects(secrets.resolve('${env:A}', AbortSignal.abort(reason)), reason);
  });
});

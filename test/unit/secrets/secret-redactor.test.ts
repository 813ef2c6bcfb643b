import assert from 'node:assert/strict';
import fc from 'fast-check';
import { REDACTED, redact, SecretRedactor } from '../../../core/secret-redactor';

describe('secret redactor', () => {
  it('replaces secrets in any text', () => {
    assert.equal(redact('login etl:s3cr3t!@host failed', ['s3cr3t!']), 'login etl:***@host failed');
    assert.equal(redact('nothing here', ['s3cr3t!']), 'nothing here');
    assert.equal(redact('anything', []), 'anything');
  });

  it('leaves no part of a long secret, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.string({ unit: 'grapheme', minLength: 12, maxLength: 30 }),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        (before, secret, after) => {
          fc.pre(!REDACTED.includes(secret));
          assert.ok(!redact(before + secret + after, [secret]).includes(secret));
        },
      ),
    );
  });

  it('replaces the longest of nested secrets', () => {
    assert.equal(redact('a correct horse battery b', ['horse', 'correct horse battery']), 'a *** b');
  });

  it('knows how URLs, JSON and SQL spell a secret', () => {
    const secret = `it's "p@ss" /1\\`;
    const redactor = new SecretRedactor([secret]);
    assert.equal(redactor.redact(`u:${encodeURIComponent(secret)}@h`), 'u:***@h');
    assert.equal(redactor.redact(JSON.stringify({ secret })), '{"secret":"***"}');
    assert.equal(redactor.redact(`password 'it''s "p@ss" /1\\'`), `password '***'`);
  });

  it('leaves ordinary words that hold a short secret', () => {
    const redactor = new SecretRedactor(['postgres']);
    assert.equal(redactor.redact('source_type: postgresql'), 'source_type: postgresql');
    assert.equal(redactor.redact('postgresql://u:postgres@h/shop'), 'postgresql://u:***@h/shop');
    assert.equal(redactor.redact('u%3Apostgres%40h \\npostgres'), 'u%3A***%40h \\n***');
  });

  it('replaces very short secrets only where a secret is announced', () => {
    const redactor = new SecretRedactor(['1', 'abc']);
    assert.equal(redactor.redact('unit 1 of 11, abc'), 'unit 1 of 11, abc');
    assert.equal(
      redactor.redact('password=1, "token": "abc", pwd: \'1\''),
      'password=***, "token": "***", pwd: \'***\'',
    );
    assert.equal(redactor.redact('postgresql://abc:1@host:1/abc'), 'postgresql://abc:***@host:1/abc');
    assert.equal(redactor.redact('password=123'), 'password=123');
  });

  it('knows what is secret inside of key files', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n';
    const redactor = new SecretRedactor([
      JSON.stringify({ client_email: 'etl@example.com', private_key: key }),
    ]);
    assert.equal(redactor.redact('bad line MIIEvQIBADANBgkqhkiG9w0BAQEF'), 'bad line ***');
    assert.equal(redactor.redact('etl@example.com may not'), 'etl@example.com may not');
  });

  it('ignores the empty secret', () => {
    assert.equal(redact('abc', ['']), 'abc');
  });

  it('takes linear time on a long line', () => {
    const began = performance.now();
    redact('1'.repeat(200_000), ['1', 'ab']);
    redact(`//${'a'.repeat(200_000)}`, ['a']);
    assert.ok(performance.now() - began < 2_000);
  });
});

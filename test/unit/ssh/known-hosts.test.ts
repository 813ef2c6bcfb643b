import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import {
  fingerprintOf,
  judgeHostKey,
  keyTypeOf,
  knownHostsLine,
  knownKeyTypes,
  type HostKeyRule,
} from '../../../core/clients/ssh-known-hosts';

/** A public key as the protocol writes it: its type and something. */
function publicKey(type: string, rest: string): Buffer {
  const part = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  return Buffer.concat([part(type), part(rest)]);
}

const KEY = publicKey('ssh-ed25519', 'the right one');
const OTHER = publicKey('ssh-ed25519', 'another one');
const RSA = publicKey('ssh-rsa', 'of another type');
const written = (key: Buffer): string => `${keyTypeOf(key)} ${key.toString('base64')}`;
const lines = (...text: readonly string[]): HostKeyRule => ({
  kind: 'known-hosts',
  text: text.join('\n'),
  shown: 'known_hosts',
});

describe('host keys of SSH servers', () => {
  it('are compared with fingerprints and public keys that are given', () => {
    const digest = createHash('sha256').update(KEY).digest('base64');
    assert.equal(fingerprintOf(KEY), `SHA256:${digest.replace('=', '')}`);
    for (const given of [
      fingerprintOf(KEY),
      `SHA256:${digest}`,
      written(KEY),
      `${written(KEY)} root@bastion`,
    ]) {
      assert.equal(judgeHostKey({ kind: 'given', keys: [given] }, 'h', 22, KEY), 'known', given);
      assert.equal(judgeHostKey({ kind: 'given', keys: [given] }, 'h', 22, OTHER), 'changed', given);
    }
    const both: HostKeyRule = { kind: 'given', keys: [fingerprintOf(OTHER), fingerprintOf(KEY)] };
    assert.equal(judgeHostKey(both, 'h', 22, KEY), 'known');
  });

  it('are looked up as OpenSSH does: names, patterns, ports, hashed names, markers, comments', () => {
    const salt = Buffer.alloc(20, 7);
    const hashed = (name: string): string =>
      `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
    const cases: readonly (readonly [verdict: string, host: string, port: number, ...text: string[]])[] = [
      ['known', 'bastion', 22, `bastion ${written(KEY)}`],
      ['known', 'BASTION', 22, `# a comment`, '', `  bastion,10.0.0.1 ${written(KEY)} comment`],
      ['known', '10.0.0.1', 22, `bastion,10.0.0.1 ${written(KEY)}\r`],
      ['unknown', 'bastion', 2222, `bastion ${written(KEY)}`],
      ['known', 'bastion', 2222, `[bastion]:2222 ${written(KEY)}`],
      ['unknown', 'bastion', 22, `[bastion]:2222 ${written(KEY)}`],
      ['known', 'a.example.org', 22, `*.example.org,!b.example.org ${written(KEY)}`],
      ['unknown', 'b.example.org', 22, `*.example.org,!b.example.org ${written(KEY)}`],
      ['unknown', 'axexample.org', 22, `a.example.org ${written(KEY)}`],
      ['known', 'host7', 22, `host? ${written(KEY)}`],
      ['known', 'bastion', 22, `${hashed('bastion')} ${written(KEY)}`],
      ['known', 'bastion', 2222, `${hashed('[bastion]:2222')} ${written(KEY)}`],
      ['unknown', 'bastio', 22, `${hashed('bastion')} ${written(KEY)}`],
      ['changed', 'bastion', 22, `bastion ${written(OTHER)}`],
      ['changed', 'bastion', 22, `bastion ${written(RSA)}`],
      ['known', 'bastion', 22, `bastion ${written(OTHER)}`, `bastion ${written(KEY)}`],
      ['revoked', 'bastion', 22, `bastion ${written(KEY)}`, `@revoked * ${written(KEY)}`],
      ['unknown', 'bastion', 22, `@cert-authority * ${written(KEY)}`],
      ['unknown', 'bastion', 22, 'bastion', 'not a line', ''],
    ];
    for (const [verdict, host, port, ...text] of cases) {
      assert.equal(
        judgeHostKey(lines(...text), host, port, KEY),
        verdict,
        `${host}:${port} in ${text.join('; ')}`,
      );
    }
  });

  it('are asked for by the types that are known, and written as a line', () => {
    const rule = lines(
      `bastion ${written(RSA)}`,
      `other ${written(KEY)}`,
      `@revoked bastion ${written(KEY)}`,
    );
    assert.deepEqual(knownKeyTypes(rule, 'bastion', 22), ['ssh-rsa']);
    assert.deepEqual(knownKeyTypes({ kind: 'given', keys: [fingerprintOf(KEY), written(KEY)] }, 'h', 22), [
      'ssh-ed25519',
    ]);
    for (const port of [22, 2222]) {
      const line = knownHostsLine('bastion', port, KEY);
      assert.equal(judgeHostKey(lines(line), 'bastion', port, KEY), 'known', line);
    }
    assert.equal(keyTypeOf(Buffer.from('ab')), '');
  });
});

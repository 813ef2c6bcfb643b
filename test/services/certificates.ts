import { execFile } from 'node:child_process';
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Has the authority of a server's folder (`ca.crt`, `ca.key`) sign another certificate. `days` may be negative: it has expired then.
 * The files belong to whom the folder belongs.
 */
export async function signCertificate(
  folder: string,
  name: string,
  { host = 'localhost', days = 2 }: { host?: string; days?: number } = {},
): Promise<Certificate> {
  const file = (ending: string): string => path.join(folder, `${name}.${ending}`);
  await run('openssl', [
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${host}`, '-keyout', file('key'), '-out', file('csr')],
  ]);
  await writeFile(file('ext'), `subjectAltName=DNS:${host}\nbasicConstraints=critical,CA:FALSE\n`);
  await run('openssl', [
    ...['x509', '-req', '-in', file('csr'), '-CA', path.join(folder, 'ca.crt')],
    ...['-CAkey', path.join(folder, 'ca.key'), '-CAcreateserial', '-days', String(days)],
    ...['-extfile', file('ext'), '-out', file('crt')],
  ]);
  const { uid, gid } = await stat(folder);
  await chmod(file('key'), 0o600);
  await chown(file('key'), uid, gid);
  return {
    cert: await readFile(file('crt'), 'utf8'),
    key: await readFile(file('key'), 'utf8'),
    certFile: file('crt'),
    keyFile: file('key'),
  };
}

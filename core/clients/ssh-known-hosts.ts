import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What is known of the host key of an SSH server. */
export type HostKeyRule =
  /** Fingerprints (`SHA256:…`) and public keys that the configuration gives. */
  | { readonly kind: 'given'; readonly keys: readonly string[] }
  /** Lines of OpenSSH's files; `shown` says which. */
  | { readonly kind: 'known-hosts'; readonly text: string; readonly shown: string };

export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** A line of a known_hosts file that is about a host. */
interface KnownKey {
  readonly type: string;
  readonly key: string;
  readonly revoked: boolean;
}

const DEFAULT_PORT = 22;

/** `SHA256:…`, as OpenSSH shows it: base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key says it is of: a text behind its length. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.toString('latin1', 4, Math.min(4 + length, key.length));
}

/** How OpenSSH writes a server: in brackets with its port where that is not 22. */
export function knownHostsName(host: string, port: number): string {
  return port === DEFAULT_PORT ? host : `[${host}]:${port}`;
}

/** The line with which OpenSSH would know the key. */
export function knownHostsLine(host: string, port: number, key: Buffer): string {
  return `${knownHostsName(host, port)} ${keyTypeOf(key)} ${key.toString('base64')}`;
}

/** Whether a host key is the one that is expected. `changed`: other keys of the server are known, of the same or another type. */
export function judgeHostKey(rule: HostKeyRule, host: string, port: number, key: Buffer): HostKeyVerdict {
  const encoded = key.toString('base64');
  if (rule.kind === 'given') {
    const fingerprint = fingerprintOf(key);
    const matches = rule.keys.some((given) =>
      given.startsWith('SHA256:')
        ? isSame(given.replace(/=+$/, ''), fingerprint)
        : isSame(given.split(/\s+/)[1] ?? '', encoded),
    );
    return matches ? 'known' : 'changed';
  }
  const known = keysOfHost(rule.text, host, port);
  const same = known.filter((entry) => isSame(entry.key, encoded));
  if (same.some(({ revoked }) => revoked)) return 'revoked';
  if (same.length > 0) return 'known';
  return known.some(({ revoked }) => !revoked) ? 'changed' : 'unknown';
}

/** Types of the keys that are known of a server: asked for others, it would show a key that nobody can compare. */
export function knownKeyTypes(rule: HostKeyRule, host: string, port: number): string[] {
  const types =
    rule.kind === 'given'
      ? rule.keys.flatMap((given) => (given.startsWith('SHA256:') ? [] : [given.split(/\s+/)[0] ?? '']))
      : keysOfHost(rule.text, host, port).flatMap(({ type, revoked }) => (revoked ? [] : [type]));
  return [...new Set(types)];
}

/** The lines about a server. Certificate authorities (`@cert-authority`) are left out: the library takes no host certificates. */
function keysOfHost(text: string, host: string, port: number): KnownKey[] {
  const name = knownHostsName(host, port).toLowerCase();
  return text.split(/\r?\n/).flatMap((line): KnownKey[] => {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith('@') === true ? fields.shift() : undefined;
    const [hosts = '', type, key] = fields;
    if (hosts === '' || hosts.startsWith('#') || type === undefined || key === undefined) return [];
    if (marker !== undefined && marker !== '@revoked') return [];
    return matchesHosts(hosts, name) ? [{ type, key, revoked: marker === '@revoked' }] : [];
  });
}

function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = hosts.split('|');
    return isSame(createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64'), hash);
  }
  let matches = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matches = true;
  }
  return matches;
}

/** `*` and `?` as in a shell. */
function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (found) =>
    found === '*' ? '.*' : found === '?' ? '.' : `\\${found}`,
  );
  return new RegExp(`^${source}$`, 's').test(name);
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

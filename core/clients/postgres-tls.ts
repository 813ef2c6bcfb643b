import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { PostgresSettings } from './postgres-settings';

/** How one attempt to connect treats encryption. */
export type Encryption = 'none' | 'if-offered' | 'required';

/**
 * The attempts that libpq makes for a mode, in order; the second only when the server refuses the first one's kind of
 * encryption. A unix socket is never encrypted, whatever the mode says.
 */
export function encryptionAttempts({ sslMode, host }: PostgresSettings): readonly Encryption[] {
  if (host.startsWith('/')) return ['none'];
  switch (sslMode) {
    case 'disable':
      return ['none'];
    case 'allow':
      return ['none', 'required'];
    case 'prefer':
      return ['if-offered', 'none'];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return ['required'];
  }
}

/**
 * What is checked of the server's certificate. As in libpq, `require` with a certificate authority given checks as
 * much as `verify-ca`, and `prefer` and `allow` check nothing: whoever can pretend to be the server can also refuse TLS.
 */
export function verification({
  sslMode,
  tls,
}: PostgresSettings): 'nothing' | 'authority' | 'authority and name' {
  if (sslMode === 'verify-full') return 'authority and name';
  if (sslMode === 'verify-ca' || (sslMode === 'require' && tls.ca !== undefined)) return 'authority';
  return 'nothing';
}

/** Begins TLS on a connected socket. The result emits `secureConnect` or `error`. */
export function startTls(socket: Duplex, settings: PostgresSettings): TLSSocket {
  const checked = verification(settings);
  const options: ConnectionOptions = {
    ...settings.tls,
    socket,
    host: settings.host,
    rejectUnauthorized: checked !== 'nothing',
    // RFC 6066: the name sent to the server is never an address; the identity check then looks at `host`
    ...(isIP(settings.host) === 0 ? { servername: settings.host } : {}),
    ...(checked === 'authority' ? { checkServerIdentity: () => undefined } : {}),
  };
  return connect(options);
}

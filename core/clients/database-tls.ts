import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { BeamliftError, messageOf, systemCode } from '../errors';
import type { SslMode } from './postgres-connection';

/** How a connection to a database is encrypted. */
export interface TlsSettings {
  /** As the certificate names the server, also where a tunnel leads there. */
  readonly host: string;
  readonly sslMode: SslMode;
  /** PEM texts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** RFC 8996: older ones are broken. */
const OLDEST_VERSION = 'TLSv1.2';

/**
 * What is checked of the server's certificate. As in libpq, `require` with a certificate authority given checks as
 * much as `verify-ca`, and `prefer` and `allow` check nothing: whoever can pretend to be the server can also refuse TLS.
 */
export function verification({ sslMode, tls }: TlsSettings): 'nothing' | 'authority' | 'authority and name' {
  if (sslMode === 'verify-full') return 'authority and name';
  if (sslMode === 'verify-ca' || (sslMode === 'require' && tls.ca !== undefined)) return 'authority';
  return 'nothing';
}

/**
 * Begins TLS on a connected socket. The result emits `secureConnect` or `error`. Throws SECRET_UNRESOLVED for certificates and keys that
 * are none, or do not belong together.
 */
export function startTls(socket: Duplex, settings: TlsSettings): TLSSocket {
  const checked = verification(settings);
  return connect({
    secureContext: contextOf(settings),
    socket,
    host: settings.host,
    rejectUnauthorized: checked !== 'nothing',
    // RFC 6066: the name sent to the server is never an address; the identity check then looks at `host`
    ...(isIP(settings.host) === 0 ? { servername: settings.host } : {}),
    ...(checked === 'authority' ? { checkServerIdentity: () => undefined } : {}),
  });
}

function contextOf({ tls: { ca, cert, key } }: TlsSettings): SecureContext {
  const fields = [
    ...(ca === undefined ? [] : ['ssl_ca']),
    ...(cert === undefined ? [] : ['ssl_cert']),
    ...(key === undefined ? [] : ['ssl_key']),
  ];
  if ((cert === undefined) !== (key === undefined)) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `${cert === undefined ? 'ssl_key' : 'ssl_cert'} is given without ${cert === undefined ? 'ssl_cert' : 'ssl_key'}`,
      hint: 'A client certificate is both: the certificate and its private key.',
    });
  }
  try {
    // an authority that is none would be left out without a word
    if (ca !== undefined) firstCertificate(ca);
    return createSecureContext({
      minVersion: OLDEST_VERSION,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    const code = systemCode(error) ?? '';
    throw new BeamliftError('SECRET_UNRESOLVED', {
      what: `${fields.join(', ')} cannot be used for TLS`,
      why: `${messageOf(error)}${code === '' ? '' : ` (${code})`}`,
      hint: /KEY_VALUES_MISMATCH/.test(code)
        ? '`ssl_cert` and `ssl_key` do not belong together.'
        : /DECRYPT|INTERRUPTED|PASSWORD/i.test(`${code} ${messageOf(error)}`)
          ? '`ssl_key` is encrypted: give it without a passphrase (openssl pkey -in client.key), kept as a secret.'
          : 'They are PEM texts that begin with -----BEGIN, or the paths of files that hold such texts.',
    });
  }
}

function firstCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** Why a handshake failed, by Node's codes of what is wrong with a certificate. */
export function tlsError(error: unknown, server: string): BeamliftError {
  if (error instanceof BeamliftError) return error;
  const code = systemCode(error) ?? '';
  return new BeamliftError('CONNECTION_TLS', {
    what: `The TLS handshake with ${server} failed`,
    why: `${messageOf(error)}${code === '' ? '' : ` (${code})`}`,
    hint: hintOf(code),
    cause: error,
  });
}

function hintOf(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Set `host` to a name in the certificate, or sslmode to verify-ca to check the authority alone.';
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return "The server's certificate, or that of its authority, is too old: whoever runs the server renews it.";
  }
  if (code === 'CERT_NOT_YET_VALID') return 'Check the clock of this machine, and that of the server.';
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_SIGNATURE_FAILURE/.test(code)) {
    return 'Set `ssl_ca` to the certificate of the authority that signed the server\'s: ssl_ca: "${file:ca.pem}".';
  }
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(code)) {
    return 'The server has only versions of TLS that are broken: TLS 1.2 or newer is needed there.';
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|UNKNOWN_CA|BAD_CERTIFICATE/.test(code)) {
    return 'The server wants a client certificate that it trusts: `ssl_cert` and `ssl_key`.';
  }
  return "Check `ssl_ca`, `ssl_cert` and `ssl_key`, and the server's certificate.";
}

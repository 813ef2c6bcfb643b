const OWN_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** A sentence of the plan, where what is read goes over a network as it is. */
export function encryptionNotice(
  /** Of TLS; undefined: there is none. */
  protocol: string | undefined,
  { host, tunnel }: { readonly host: string; readonly tunnel: unknown },
): string[] {
  if (protocol !== undefined || host.startsWith('/') || OWN_NAMES.includes(host)) return [];
  const part =
    tunnel === undefined ? 'The connection' : 'From the SSH server to the database, the connection';
  return [`${part} is not encrypted; sslmode require or verify-full would refuse that.`];
}

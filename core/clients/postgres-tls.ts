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

import { z } from 'zod';

/** How a database behind an SSH server is reached: the key `ssh` of a connection. Every text may be a secret reference. */
export const sshConnectionSchema = z.strictObject({
  host: z.string().min(1).describe('Name or address of the SSH server (bastion, jump host).'),
  port: z.int().min(1).max(65_535).optional().describe('Default: 22.'),
  user: z.string().min(1).optional().describe('Default: the name of the operating system user.'),
  private_key: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The private key to log in with, OpenSSH, PEM or PuTTY: ${file:…}, another reference, or a path (~/.ssh/id_ed25519).',
    ),
  passphrase: z.string().optional().describe('Of an encrypted private key.'),
  password: z
    .string()
    .optional()
    .describe('The password to log in with, also where the server asks for it interactively.'),
  agent: z
    .union([z.boolean(), z.string().min(1)])
    .optional()
    .describe(
      'Whether keys of the SSH agent are tried, or the path of its socket. Default: where neither private_key nor password is given, the agent of SSH_AUTH_SOCK.',
    ),
  host_key: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The server's host key, which is always checked: its fingerprint (SHA256:…) or the public key itself (ssh-ed25519 AAAA…); several with commas between them. Default: see known_hosts.",
    ),
  known_hosts: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Known host keys as OpenSSH keeps them: a path, ${file:…}, or the lines themselves. Default: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.',
    ),
  keepalive: z
    .number()
    .min(0)
    .max(3600)
    .optional()
    .describe(
      'Seconds between signs of life; after three without an answer the connection counts as broken. 0: none. Default: 15.',
    ),
});
export type SshConnection = z.infer<typeof sshConnectionSchema>;

/** Fields of `ssh` that hold secrets. */
const SSH_SECRETS = ['private_key', 'passphrase', 'password'] as const;

/** The same as fields of the connection that has the key `ssh`. */
export const SSH_SECRET_FIELDS = SSH_SECRETS.map((name) => `ssh.${name}` as const);

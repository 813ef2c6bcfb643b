import type { Command } from 'commander';
import { BeamliftError } from '../../core/errors';
import { nonEmpty } from './flag-values';

/** Flags that describe a connection. */
export interface ConnectionFlags {
  readonly type?: string;
  readonly url?: string;
  readonly fromFile?: string;
  /** `FIELD=VALUE` each, not checked yet. */
  readonly set?: readonly string[];
  readonly host?: string;
  readonly port?: string;
  readonly database?: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly secretStdin?: string;
}

/** Flags that are short for `--set FIELD=VALUE`. */
const SHORT = ['host', 'port', 'database', 'user'] as const;

export function addConnectionFlags(command: Command): Command {
  return command
    .optionsGroup('The connection (without any of these it is asked for):')
    .option('--type <kind>', 'the kind of source: postgresql, mysql, local, …', nonEmpty)
    .option('--url <url>', 'all fields as a URL: postgresql://user@host/database', nonEmpty)
    .option('--host <name>', 'the server of a database', nonEmpty)
    .option('--port <number>', 'its port', nonEmpty)
    .option('--database <name>', 'the database', nonEmpty)
    .option('--user <name>', 'the user', nonEmpty)
    .option('--set <field=value>', 'any other field; may be repeated', another)
    .option('--password-stdin', 'read `password` from stdin')
    .option('--secret-stdin <field>', 'read this secret field from stdin', nonEmpty)
    .option(
      '--from-file <path>',
      'a YAML or JSON file with the fields, as below `connections` (-: stdin)',
      nonEmpty,
    );
}

/** The fields that flags set, in the order of the flags' kinds. Throws USAGE. */
export function fieldsOfFlags(flags: ConnectionFlags): Map<string, string> {
  const fields = new Map<string, string>();
  for (const name of SHORT) {
    const value = flags[name];
    if (value !== undefined) fields.set(name, value);
  }
  for (const [index, text] of (flags.set ?? []).entries()) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      // Not quoted: it may be a secret behind another character than =.
      throw new BeamliftError('USAGE', {
        what: `--set number ${index + 1} is not of the form FIELD=VALUE`,
        hint: 'For example: --set sslmode=require',
      });
    }
    fields.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return fields;
}

/** Whether the flags say anything about the connection, so that nothing is asked. */
export function describesConnection(flags: ConnectionFlags): boolean {
  const { url, fromFile, passwordStdin, secretStdin } = flags;
  const others = [url, fromFile, secretStdin].some((flag) => flag !== undefined);
  return others || passwordStdin === true || fieldsOfFlags(flags).size > 0;
}

function another(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

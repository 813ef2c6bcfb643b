import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { BeamliftError, messageOf } from '../../core/errors';
import type { SecretRedactor } from '../../core/secret-redactor';
import { parseConfiguration } from '../config/configuration-document';
import { problemsError } from '../config/configuration-problem';
import { isMapping } from '../config/read-endpoint';
import { fieldsOfFlags, type ConnectionFlags } from '../flags/connection-flags';
import type { Host } from '../host';
import { terminalPrompter } from '../init/prompter';
import type { ConnectionAnswers } from './gather-fields';

/** Of a file with the fields of a connection, or of stdin, in bytes: some key files. */
const MAX_INPUT_BYTES = 256 * 1024;

/** Fields whose values no message may show, whatever kind of source they turn out to be of. */
const SECRET_NAME = /pass|secret|key|token|credential|connection_string|sas/i;

/** What the flags say, with what stdin or a file has. `folder`: what relative paths are meant from. Throws USAGE, CONFIG_INVALID. */
export async function readAnswers(
  flags: ConnectionFlags & { readonly unset?: readonly string[] },
  host: Host,
  redactor: SecretRedactor,
): Promise<{ readonly answers: ConnectionAnswers; readonly folder: string }> {
  const texts = fieldsOfFlags(flags);
  for (const [field, text] of texts) if (SECRET_NAME.test(field)) redactor.remember(text);
  const secretField = secretOfStdin(flags);
  const secrets = new Map<string, string>();
  if (secretField !== undefined) {
    const secret = await readSecret(secretField, host);
    redactor.remember(secret);
    if (secret === '') {
      throw new BeamliftError('USAGE', {
        what: `stdin has nothing for ${secretField}`,
        hint: 'For example: printf %s "$PASSWORD" | beamlift connections add … --password-stdin',
      });
    }
    secrets.set(secretField, secret);
  }
  const file = flags.fromFile === undefined ? undefined : await readMapping(flags.fromFile, host);
  const { type, url, unset = [] } = flags;
  return {
    answers: { type, url, texts, secrets, unset, mapping: file?.mapping, places: file?.places },
    folder: file?.folder ?? host.cwd,
  };
}

function secretOfStdin({ passwordStdin, secretStdin, fromFile }: ConnectionFlags): string | undefined {
  const wanted = [
    ...(passwordStdin === true ? ['--password-stdin'] : []),
    ...(secretStdin === undefined ? [] : ['--secret-stdin']),
    ...(fromFile === '-' ? ['--from-file -'] : []),
  ];
  if (wanted.length > 1) {
    throw new BeamliftError('USAGE', {
      what: `${wanted.join(' and ')} both read stdin`,
      hint: 'Give several secrets as fields of --from-file -.',
    });
  }
  return passwordStdin === true ? 'password' : secretStdin;
}

async function readMapping(
  file: string,
  host: Host,
): Promise<Required<Pick<ConnectionAnswers, 'mapping' | 'places'>> & { readonly folder: string }> {
  const shown = file === '-' ? 'stdin' : file;
  const place = path.resolve(host.cwd, file);
  const text = file === '-' ? await readInput(host) : await readText(place, shown);
  const { value, problems, places } = parseConfiguration(text, shown);
  if (!isMapping(value) && problems.size === 0) problems.add([], 'is not a mapping of fields to values');
  if (problems.size > 0 || !isMapping(value)) {
    throw problemsError(problems.located(places), { file: shown, code: 'CONFIG_INVALID' });
  }
  return {
    mapping: value,
    // Problems name the connection first, which the file does not.
    places: { file: shown, place: (at) => places.place(at.slice(1)) },
    folder: file === '-' ? host.cwd : path.dirname(place),
  };
}

async function readText(file: string, shown: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length <= MAX_INPUT_BYTES) return bytes.toString('utf8');
  } catch (cause) {
    throw new BeamliftError('USAGE', { what: `${shown} cannot be read`, why: messageOf(cause), cause });
  }
  throw tooLong(shown);
}

async function readInput({ input, signal }: Host): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    // Ends the waiting for somebody who writes nothing.
    for await (const piece of addAbortSignal(signal, new Readable().wrap(input))) {
      const bytes = Buffer.from(piece as string | Uint8Array);
      length += bytes.length;
      if (length > MAX_INPUT_BYTES) throw tooLong('stdin');
      pieces.push(bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The secret of stdin; on a terminal it is asked for, so that nobody sees it. */
async function readSecret(field: string, host: Host): Promise<string> {
  if (host.inputIsTerminal && host.err.isTerminal) {
    return await terminalPrompter(host, 'Interrupted; nothing was stored').secret(field, '');
  }
  return (await readInput(host)).replace(/\r?\n$/, '');
}

function tooLong(what: string): BeamliftError {
  return new BeamliftError('USAGE', { what: `${what} has more than ${MAX_INPUT_BYTES / 1024} KiB` });
}

import type { ListedObject, ObjectClient } from '../../../core/clients/object-client';
import { formatCount } from '../../../core/counted';
import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError, toBeamliftError } from '../../../core/errors';
import type { CheckFinding } from '../../../core/extractor';
import { isFolderMarker } from './list-objects';

/** The step at which each failure of listing happens; everything else is `list`. */
const STEP_OF_CODE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'configuration',
  SECRET_UNRESOLVED: 'secret',
  CONNECTION_DNS: 'dns',
  CONNECTION_REFUSED: 'connect',
  CONNECTION_TIMEOUT: 'connect',
  CONNECTION_LOST: 'connect',
  CONNECTION_TLS: 'tls',
  LOGIN_FAILED: 'login',
  BUCKET_NOT_FOUND: 'bucket',
};

/** Pages that are looked at for an object with content. */
const MAX_PAGES = 3;

/** Goes the way of a load until something fails: connect, login, bucket, list, and one byte of one object. `prefix` as `folderPrefix` gives it. */
export async function checkBucket(
  open: (signal: AbortSignal) => Promise<ObjectClient>,
  prefix: string,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  let client: ObjectClient | undefined;
  let reading: ListedObject | undefined;
  try {
    client = await open(signal);
    const { found, example, more } = await look(client, prefix, signal);
    const place = `${client.location}/${prefix}`;
    findings.push({ step: 'bucket', ok: true, detail: `${client.location} is there, the login is accepted` });
    findings.push(listFinding(place, found, more));
    if (example === undefined) return findings;
    reading = example;
    await readFirstByte(client, example, signal);
    findings.push({ step: 'read', ok: true, detail: `${example.key} can be read` });
  } catch (error) {
    signal.throwIfAborted();
    const failure = toBeamliftError(error);
    findings.push(
      reading === undefined
        ? failed(STEP_OF_CODE[failure.code] ?? 'list', failure)
        : failed('read', failure, `the bucket can be listed, but ${reading.key} cannot be read: `),
    );
  } finally {
    await client?.close();
  }
  return findings;
}

interface Look {
  /** Files seen. */
  readonly found: number;
  /** An object with content. */
  readonly example: ListedObject | undefined;
  readonly more: boolean;
}

async function look(client: ObjectClient, prefix: string, signal: AbortSignal): Promise<Look> {
  let found = 0;
  let page: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const { objects, next } = await client.listPage(prefix, page, signal);
    const files = objects.filter((object) => !isFolderMarker(object));
    found += files.length;
    const example = files.find(({ bytes }) => bytes > 0);
    if (example !== undefined || next === undefined) return { found, example, more: next !== undefined };
    page = next;
  }
  return { found, example: undefined, more: true };
}

function listFinding(place: string, found: number, more: boolean): CheckFinding {
  if (found > 0) {
    const files = `${more ? 'more than ' : ''}${formatCount(found)} ${found === 1 && !more ? 'file' : 'files'}`;
    return { step: 'list', ok: true, detail: `${files} below ${place}` };
  }
  return {
    step: 'list',
    ok: true,
    warning: true,
    detail: `no files below ${place}`,
    hint: 'Check `prefix`: case counts, and it is a folder.',
  };
}

async function readFirstByte(client: ObjectClient, object: ListedObject, signal: AbortSignal): Promise<void> {
  const { key, version } = object;
  let bytes = 0;
  for await (const piece of client.read({ key, version, start: 0, end: 1 }, signal)) bytes += piece.length;
  if (bytes === 1) return;
  throw new BeamliftError('SOURCE_INCOMPLETE', {
    what: `asked for 1 byte, the service sent ${bytes}`,
    where: { object: key },
    hint: 'Check that `endpoint` is a service that answers requests for ranges.',
  });
}

function failed(step: string, failure: BeamliftError, before = ''): CheckFinding {
  const said = failure.why === undefined ? failure.what : `${failure.what}: ${failure.why}`;
  return {
    step,
    ok: false,
    detail: before + said,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  };
}

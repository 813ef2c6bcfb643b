/** Where a run is kept in a bucket, as far as the name of its object says. */
export interface RunObjectName {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Undefined: the name of the job is too long to be a part of an object's. */
  readonly job: string | undefined;
}

/** Names of objects count up, lists begin with the newest: so the time counts down from here, with 13 digits. */
const LAST_MS = 9_999_999_999_999;
const DIGITS = 13;
const MS_DIGITS = 3;

/** An object's name has at most 1,024 bytes, folders included: https://cloud.google.com/storage/docs/objects#naming */
const MAX_JOB_BYTES = 400;

const SHAPE = /^(\d{13}),([^,/]+),([^,/]*)\.json$/;

/** What an escaped name does not have: what separates, what ends a path or a URL, and what is no printable character. */
const ESCAPED = /[\p{Cc}%,/\\#?*[\]]/gu;

/**
 * The name of a run's object: `TIME,ID,JOB.json`, where TIME counts down. So a list begins with the newest, and reads what it shows
 * and nothing else.
 */
export function runObjectName({ id, startedMs, job = '' }: RunObjectName): string {
  const escaped = escape(job);
  const fits = Buffer.byteLength(escaped) <= MAX_JOB_BYTES ? escaped : '';
  return `${countDown(startedMs)},${escape(id)},${fits}.json`;
}

/** Undefined: not the name of a run's object. */
export function parseRunObjectName(name: string): RunObjectName | undefined {
  const [, time, id, job = ''] = SHAPE.exec(name) ?? [];
  if (time === undefined || id === undefined) return undefined;
  try {
    return {
      id: decodeURIComponent(id),
      startedMs: LAST_MS - Number(time),
      job: job === '' ? undefined : decodeURIComponent(job),
    };
  } catch {
    return undefined;
  }
}

/**
 * What the name of a run begins with whose id says when it began (`20250301T100000Z-…`): one beginning for the second in the id, one for
 * the next, since the run is recorded a moment after it got its id. Empty for other ids.
 */
export function likelyBeginnings(id: string): string[] {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(id);
  if (match === null) return [];
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const ms = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
  return [ms, ms + 1000].map((at) => countDown(at).slice(0, -MS_DIGITS));
}

function countDown(ms: number): string {
  const known = Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LAST_MS) : 0;
  return String(LAST_MS - known).padStart(DIGITS, '0');
}

function escape(text: string): string {
  const wellFormed = Buffer.from(text).toString();
  return wellFormed.replace(ESCAPED, percentEncoded);
}

/** Also what `encodeURIComponent` leaves as it is. */
function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

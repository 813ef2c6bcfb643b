import type { ListedObject, ObjectClient } from '../../../core/clients/object-client';
import { formatCount, formatCounted } from '../../../core/counted';
import { BeamliftError } from '../../../core/errors';
import type { FileEntry } from '../../../core/extractor';
import { nearestName } from '../../../core/nearest-name';
import { compilePattern, type FilePattern } from '../glob';
import type { Listing } from '../object-store';

/** The most files of a run, as partitioning/file.ts refuses more: listing ends there instead of keeping them. */
const MAX_FILES = 100_000;

/** Keys that a listing may look at in vain without a word about it: a hundred pages, some ten seconds. */
const MAX_UNMENTIONED_KEYS = 100_000;

/** Names that an error shows. */
const SHOWN_NAMES = 5;

/** Keys below a connection's prefix, page by page: what does not match is not kept. */
export class ObjectListing {
  private looked = 0;

  /** `prefix`: empty, or with `/` at its end. */
  constructor(
    private readonly client: ObjectClient,
    private readonly prefix: string,
    private readonly signal: AbortSignal,
  ) {}

  /** See `ObjectStore.list`. Also throws PLAN_REFUSED for more files than a run takes, and what the client throws. */
  async list(patternText: string): Promise<Listing> {
    const pattern = compilePattern(patternText);
    const files = await this.matching(pattern, patternText);
    if (files.length === 0) throw await this.nothingFound(pattern, patternText);
    const beside = this.looked - files.length;
    return {
      files: files.sort(byName),
      notices:
        beside > MAX_UNMENTIONED_KEYS
          ? [
              `${formatCount(this.looked)} names were looked at to find them; a \`file_pattern\` that begins with more of their name is faster.`,
            ]
          : [],
    };
  }

  /** What matches, each as it is found, in the order of the service. */
  async *find(patternText: string): AsyncGenerator<FileEntry> {
    const pattern = compilePattern(patternText);
    for await (const object of this.objects(this.prefix + pattern.prefix)) {
      if (isFolderMarker(object)) continue;
      const entry = this.entryOf(object);
      if (pattern.matches(entry.uri)) yield entry;
    }
  }

  private async matching(pattern: FilePattern, patternText: string): Promise<FileEntry[]> {
    const { literal } = pattern;
    if (literal === undefined || literal === '' || literal.endsWith('/')) {
      return await this.below(pattern, pattern.prefix, patternText);
    }
    const named = await this.client.find(this.prefix + literal, this.signal);
    if (named !== undefined && named.bytes > 0) return [this.entryOf(named)];
    // an empty object beside others below its name is how some programs make a folder
    const files = await this.below(pattern, `${literal}/`, patternText);
    return files.length === 0 && named !== undefined ? [this.entryOf(named)] : files;
  }

  private async below(pattern: FilePattern, beginning: string, patternText: string): Promise<FileEntry[]> {
    const files: FileEntry[] = [];
    for await (const object of this.objects(this.prefix + beginning)) {
      this.looked++;
      if (isFolderMarker(object)) continue;
      const entry = this.entryOf(object);
      if (!pattern.matches(entry.uri)) continue;
      if (files.length === MAX_FILES) throw this.tooMany(patternText);
      files.push(entry);
    }
    return files;
  }

  private async *objects(prefix: string, pages = Number.POSITIVE_INFINITY): AsyncGenerator<ListedObject> {
    let page: string | undefined;
    for (let count = 0; count < pages; count++) {
      this.signal.throwIfAborted();
      const { objects, next } = await this.client.listPage(prefix, page, this.signal);
      yield* objects;
      if (next === undefined) return;
      if (next === page) {
        throw new BeamliftError('SOURCE_INCOMPLETE', {
          what: 'The listing of the bucket does not go on',
          where: { object: this.client.location },
          why: 'the service named the same next page twice',
          hint: 'Check that `endpoint` is a service that lists by pages.',
        });
      }
      page = next;
    }
  }

  private entryOf({ key, bytes, version, lastModified }: ListedObject): FileEntry {
    return { uri: key.slice(this.prefix.length), bytes, version, lastModified };
  }

  private tooMany(patternText: string): BeamliftError {
    return new BeamliftError('PLAN_REFUSED', {
      what: `More than ${formatCounted(MAX_FILES, 'file')} match ${JSON.stringify(patternText)}, and one run takes at most so many`,
      where: { object: this.place('') },
      why: 'the files of a run are kept in memory, and what the job remembers names each one',
      hint: 'narrow `file_pattern`, for example to one folder or month, and make a job of each',
    });
  }

  /** Looks at the first page where the pattern begins, and at that of the whole prefix where nothing is there. */
  private async nothingFound(pattern: FilePattern, patternText: string): Promise<BeamliftError> {
    const near = await this.firstNames(pattern.folder);
    const isNear = near.length > 0;
    const names = isNear || pattern.folder === '' ? near : await this.firstNames('');
    const folder = this.place(isNear ? pattern.folder : '');
    const meant = nearestName(patternText, names);
    const shown = names.slice(0, SHOWN_NAMES).join(', ');
    const literal = pattern.literal ?? '';
    return new BeamliftError(literal === '' ? 'SOURCE_EMPTY' : 'SOURCE_NOT_FOUND', {
      what:
        literal === ''
          ? `No file in ${this.place('')} matches ${JSON.stringify(patternText)}.`
          : `There is no ${JSON.stringify(patternText)} in ${this.place('')}.`,
      where: { object: this.place(patternText) },
      why:
        names.length === 0
          ? `${folder} holds no files at all.`
          : `${folder} holds ${shown}${names.length > SHOWN_NAMES ? ', …' : ''}.`,
      hint:
        meant === undefined
          ? '`**/*.csv` finds files in folders below, too; names that begin with a dot must be named with it.'
          : `Did you mean ${JSON.stringify(meant)}?`,
    });
  }

  private async firstNames(folder: string): Promise<string[]> {
    const names: string[] = [];
    for await (const object of this.objects(this.prefix + folder, 1)) {
      if (!isFolderMarker(object)) names.push(object.key.slice(this.prefix.length));
    }
    return names;
  }

  private place(name: string): string {
    return `${this.client.location}/${this.prefix}${name}`;
  }
}

/** What consoles write when somebody makes a folder. */
export function isFolderMarker({ key, bytes }: Pick<ListedObject, 'key' | 'bytes'>): boolean {
  return bytes === 0 && key.endsWith('/');
}

function byName(a: FileEntry, b: FileEntry): number {
  return a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0;
}

import type { BigIntStats } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { BeamliftError, messageOf, systemCode } from '../../core/errors';
import { BATCH_BYTES, type FileEntry } from '../../core/extractor';
import type { FileContent } from '../formats/format-reader';

/**
 * What identifies the content of a local file, as far as a file system can tell: its size and when it was last written. Not its inode:
 * a copy that keeps both (a restored backup, another mount) is the same file, and must not be loaded again.
 */
export function localVersion(stats: Pick<BigIntStats, 'size' | 'mtimeNs'>): string {
  return `${stats.size}-${stats.mtimeNs}`;
}

/** A file of a folder, at the version of its entry. */
export class LocalFile implements FileContent {
  readonly uri: string;
  readonly bytes: number;
  readonly seekable = true;

  /** `root`: absolute, without links. */
  constructor(
    private readonly root: string,
    private readonly entry: FileEntry,
  ) {
    this.uri = entry.uri;
    this.bytes = entry.bytes;
  }

  async *stream(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const handle = await this.open();
    try {
      for (let position = 0; position < this.bytes;) {
        signal.throwIfAborted();
        const piece = await this.readFully(handle, position, Math.min(BATCH_BYTES, this.bytes - position));
        position += piece.length;
        yield piece;
      }
      await this.checkVersion(handle);
    } finally {
      await handle.close();
    }
  }

  async slice(start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    const handle = await this.open();
    try {
      const slice = await this.readFully(handle, start, Math.min(end, this.bytes) - start);
      await this.checkVersion(handle);
      return slice;
    } finally {
      await handle.close();
    }
  }

  private async open(): Promise<FileHandle> {
    const handle = await this.openInside();
    try {
      await this.checkVersion(handle);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private async openInside(): Promise<FileHandle> {
    try {
      const target = await realpath(path.join(this.root, this.uri));
      const relative = path.relative(this.root, target);
      if (relative === '' || relative.split(path.sep)[0] === '..' || path.isAbsolute(relative)) {
        throw new BeamliftError('PATH_OUTSIDE', {
          what: 'The file lies outside of the folder of its connection.',
          where: { object: this.uri },
          why: 'Its name, or a link on the way to it, leads out of the folder.',
          hint: 'Move the file into the folder, or give the connection another `path`.',
        });
      }
      return await open(target, 'r');
    } catch (error) {
      if (isMissing(error)) throw this.changed('It is gone.');
      throw fileSystemError(error, this.uri);
    }
  }

  private async readFully(handle: FileHandle, start: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(Math.max(0, length));
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await handle
        .read(bytes, done, bytes.length - done, start + done)
        .catch((error: unknown) => {
          throw fileSystemError(error, this.uri);
        });
      if (bytesRead === 0) throw this.changed(`It ends at byte ${start + done} now.`);
      done += bytesRead;
    }
    return bytes;
  }

  private async checkVersion(handle: FileHandle): Promise<void> {
    const stats = await handle.stat({ bigint: true });
    if (localVersion(stats) === this.entry.version) return;
    throw this.changed(
      `It had ${this.bytes} bytes, last written ${this.entry.lastModified}; now it has ${stats.size}, last written ${stats.mtime.toISOString()}.`,
    );
  }

  private changed(why: string): BeamliftError {
    return new BeamliftError('SOURCE_CHANGED', {
      what: `${this.uri} changed since it was listed.`,
      where: { object: this.uri },
      why,
      hint: 'Run the job again when whatever writes the file has finished; write to another name and rename it at the end.',
    });
  }
}

/** Nothing is there; a link to itself leads there, too. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

/** What the file system said (other than `isMissing`), as an error a user can act on. Anything else comes back as it is. */
export function fileSystemError(error: unknown, object: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const details = { where: { object }, why: messageOf(error), cause: error };
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new BeamliftError('RIGHTS_MISSING', {
        ...details,
        what: `${object} may not be read by the user that runs beamlift.`,
        hint: `Give that user the right to read it: chmod +r for files, +rx for folders.`,
      });
    default:
      return new BeamliftError('SOURCE_INCOMPLETE', { ...details, what: `${object} could not be read.` });
  }
}

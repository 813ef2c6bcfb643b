import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { EncodedBlock, EncodedStream, PlacedBlock } from '../core/encoding';
import { BeamliftError, messageOf, systemCode } from '../core/errors';
import { manifestSchema, type Manifest, type Part } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { neverAborts } from '../core/never-aborts';
import { claimRunFolder } from './run-folders';

/**
 * Staging on a local disk, for embedded destinations: parts under the names `<unit>.<attempt>.<number>.<format>`, never overwritten, and one
 * `<unit>.manifest.json` that whoever finishes first puts in place in one step. What no manifest names counts for nothing.
 *
 * Nothing is synced to the disk: a kill loses nothing that was written, and a run does not outlive its machine. Commits check sizes and counts.
 */

/** A part is closed with the block that makes it so long, in bytes. */
const MAX_PART_BYTES = 256 * 1024 * 1024;

/** Stages a unit. Returns the manifest that counts, which is another attempt's where that one was first; then these rows are removed again. */
export async function stageUnit(
  context: RunContext,
  unit: WorkUnit,
  rows: EncodedStream,
  signal: AbortSignal,
  maxPartBytes = MAX_PART_BYTES,
): Promise<Manifest> {
  const attempt = randomBytes(8).toString('hex');
  const writer = new PartWriter(context, `${fileNameOf(unit)}.${attempt}`, rows, maxPartBytes);
  try {
    await claimRunFolder(context.stagingFolder);
    for await (const block of rows.blocks) {
      signal.throwIfAborted();
      await writer.write(block);
    }
    await writer.close();
    const rejectFile = rows.rejectFile();
    const manifest: Manifest = {
      runId: context.runId,
      unit: unit.id,
      attempt,
      parts: writer.parts,
      bytesStaged: writer.parts.reduce((sum, part) => sum + part.bytes, 0),
      counts: rows.counts(),
      ...(rejectFile === undefined ? {} : { rejectFile }),
    };
    signal.throwIfAborted();
    const first = await publishManifest(context, unit, manifest);
    if (first.attempt !== attempt) await writer.discard();
    return first;
  } catch (error) {
    await writer.discard();
    throw explainWriting(context, error);
  }
}

/** The unit's manifest, once there is one. */
export async function findStagedUnit(
  context: RunContext,
  unit: WorkUnit,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(manifestFile(context, unit), { encoding: 'utf8', signal });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const manifest = manifestSchema.parse(JSON.parse(text));
  return manifest.runId === context.runId && manifest.unit === unit.id ? manifest : undefined;
}

/** The absolute path of a part. Throws INTERNAL for one that lies anywhere else than in the run's folder. */
export function partFile(context: RunContext, part: Part): string {
  const file = path.join(context.stagingFolder, part.uri);
  if (part.uri === path.basename(part.uri) && path.dirname(file) === path.normalize(context.stagingFolder)) {
    return file;
  }
  throw new BeamliftError('INTERNAL', {
    what: 'A manifest names a file outside of the staging folder of its run',
    where: { job: context.job, object: part.uri },
  });
}

/** Throws COUNT_MISMATCH when a part is not there, or not as long as its manifest says. */
export async function checkParts(
  context: RunContext,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<void> {
  for (const manifest of manifests) {
    for (const part of manifest.parts) {
      signal.throwIfAborted();
      const file = partFile(context, part);
      const size = await sizeOf(file);
      if (size === part.bytes) continue;
      throw new BeamliftError('COUNT_MISMATCH', {
        what: `A staged file is ${size === undefined ? 'gone' : `${size} bytes long and not ${part.bytes}`}`,
        where: { job: context.job, unit: manifest.unit, object: file },
        why: 'Something else than beamlift changed the staging folder while the run was going on.',
        hint: 'Nothing was published. Run the job again.',
      });
    }
  }
}

/** Names that are safe on every file system, and different for units whose ids differ, also where case does not count. */
function fileNameOf(unit: WorkUnit): string {
  if (/^[a-z0-9][a-z0-9_-]{0,79}$/.test(unit.id)) return unit.id;
  const readable = unit.id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
  return `${readable}~${createHash('sha256').update(unit.id).digest('hex').slice(0, 24)}`;
}

function manifestFile(context: RunContext, unit: WorkUnit): string {
  return path.join(context.stagingFolder, `${fileNameOf(unit)}.manifest.json`);
}

/** A hard link fails when its name is taken: so one manifest wins, and nobody ever reads half of one. */
async function publishManifest(context: RunContext, unit: WorkUnit, manifest: Manifest): Promise<Manifest> {
  const file = manifestFile(context, unit);
  const draft = `${file}.${manifest.attempt}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(manifest));
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
    return manifest;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const first = await findStagedUnit(context, unit, neverAborts());
    if (first === undefined) throw error;
    return first;
  } finally {
    await unlink(draft);
  }
}

/** Writes blocks to one file after another. */
class PartWriter {
  readonly parts: Part[] = [];
  private handle: FileHandle | undefined;
  private name = '';
  private rows = 0;
  private bytes = 0;
  /** Those of the part at hand, where its footer must know of them. */
  private blocks: PlacedBlock[] = [];
  private readonly names: string[] = [];

  constructor(
    private readonly context: RunContext,
    private readonly stem: string,
    private readonly encoded: Pick<EncodedStream, 'format' | 'header' | 'footer'>,
    private readonly maxBytes: number,
  ) {}

  async write({ bytes, rows, index }: EncodedBlock): Promise<void> {
    if (bytes.length === 0) return;
    const handle = this.handle ?? (await this.begin());
    if (index !== undefined) this.blocks.push({ start: this.bytes, rows, index });
    await this.append(handle, bytes);
    this.rows += rows;
    if (this.bytes >= this.maxBytes) await this.close();
  }

  private async append(handle: FileHandle, bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
    }
    this.bytes += bytes.length;
  }

  /** Ends the part that is being written, if any. */
  async close(): Promise<void> {
    const { handle } = this;
    if (handle === undefined) return;
    const footer = this.encoded.footer?.(this.blocks);
    if (footer !== undefined) await this.append(handle, footer);
    this.handle = undefined;
    await handle.close();
    this.parts.push({ uri: this.name, rows: this.rows, bytes: this.bytes });
  }

  /** Removes everything that was written. */
  async discard(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
    for (const name of this.names) await rm(path.join(this.context.stagingFolder, name), { force: true });
  }

  private async begin(): Promise<FileHandle> {
    this.name = `${this.stem}.${this.names.length}.${this.encoded.format}`;
    this.rows = 0;
    this.bytes = 0;
    this.blocks = [];
    await mkdir(this.context.stagingFolder, { recursive: true, mode: 0o700 });
    this.handle = await open(path.join(this.context.stagingFolder, this.name), 'wx', 0o600);
    this.names.push(this.name);
    await this.append(this.handle, this.encoded.header);
    return this.handle;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function explainWriting(context: RunContext, error: unknown): unknown {
  const code = systemCode(error);
  const where = { job: context.job, object: context.stagingFolder };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BeamliftError('DESTINATION_FAILED', {
      what: 'The disk of the staging folder is full',
      where,
      why: 'All rows of a run are staged before they are published: that takes about as many bytes as the source has.',
      hint: 'Make room, or keep the configuration (and with it .beamlift/) on a larger disk. Nothing was published.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new BeamliftError('RIGHTS_MISSING', {
      what: 'The staging folder cannot be written',
      where,
      why: messageOf(error),
      hint: 'Give this user the right to write into the folder of the configuration file.',
      cause: error,
    });
  }
  return error;
}

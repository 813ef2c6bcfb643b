import { Readable } from 'node:stream';
import type { Extractor, RowStream } from '../core/extractor';
import type { Loader } from '../core/loader';
import type { FileFailure, Manifest } from '../core/manifest';
import type { RunContext, WorkUnit } from '../core/plan';
import { BeamliftError } from '../core/errors';
import { takesRaw } from './raw-rows';
import { badFileOf, withoutFile, type BadFile } from './bad-files';
import { encodeRows, type ProgressListener } from './encode-rows';
import type { KeptEncoders } from './kept-encoders';
import { fileOf } from './reject-errors';
import { RejectFile, type RejectPlace } from './reject-file';
import type { EncodingTarget } from './row-blocks';

/** What a worker has open while it runs units. */
export interface UnitEquipment {
  readonly extractor: Extractor;
  readonly loader: Loader;
  readonly target: EncodingTarget;
  /** Of units before; absent: each unit makes its own. */
  readonly encoders?: KeptEncoders;
  /** Whether units may have been staged before this process began: then each one is looked for, also at the first attempt. */
  readonly resumed: boolean;
}

/**
 * Reads, converts and stages one unit: the hot path of every runner.
 * Safe to repeat and to run twice at once: a unit that has a manifest is left alone, and the first manifest written counts.
 * `attempt`: 1 for the first of this process. Where `context.skipBadFiles` says so, a file that cannot be read is left out, and the unit's
 * other files are read again from their beginning: the manifest names it.
 */
export async function runUnit(
  context: RunContext,
  unit: WorkUnit,
  attempt: number,
  equipment: UnitEquipment,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<Manifest> {
  const { loader } = equipment;
  if (equipment.resumed || attempt > 1) {
    const finished = await loader.findManifest(context, unit, signal);
    if (finished !== undefined) return finished;
  }
  const failures = new Map<string, FileFailure>();
  for (let rest: WorkUnit | undefined = unit; ;) {
    try {
      return await stageFiles(context, unit, rest, failures, equipment, onProgress, signal);
    } catch (error) {
      signal.throwIfAborted();
      const bad: BadFile | undefined =
        rest && context.skipBadFiles === true ? badFileOf(rest, error) : undefined;
      if (rest === undefined || bad === undefined) throw error;
      failures.set(bad.uri, bad.failure);
      rest = withoutFile(rest, bad.uri);
    }
  }
}

/** `rest`: what is left of the unit without the files in `failures`; undefined: nothing. */
async function stageFiles(
  context: RunContext,
  unit: WorkUnit,
  rest: WorkUnit | undefined,
  failures: ReadonlyMap<string, FileFailure>,
  { extractor, loader, target, encoders }: UnitEquipment,
  onProgress: ProgressListener,
  signal: AbortSignal,
): Promise<Manifest> {
  const rows =
    rest === undefined
      ? noRows()
      : extractor.read(
          {
            unit: rest,
            window: context.window,
            columns: context.sourceSchema.columns.map((column) => column.name),
            limit: context.limit,
            pin: context.pin,
            planned: { schema: context.sourceSchema, unread: context.unreadColumns ?? [] },
            takesRaw: takesRaw(context),
          },
          signal,
        );
  const origin = { job: context.job, runId: context.runId, unit: unit.id, file: fileOf(rest ?? unit) };
  const rejectFile = new RejectFile(rejectPlace(context, unit, loader), origin);
  try {
    const encoded = encodeRows(context, rest ?? unit, rows, {
      target,
      rejectFile,
      onProgress,
      signal,
      failures,
      encoders,
    });
    const manifest = await loader.stage(context, unit, encoded, signal);
    if (manifest.rejectFile !== rejectFile.keptAs) await rejectFile.discard();
    checkCounts(context, manifest);
    return manifest;
  } catch (error) {
    const namesIt = error instanceof BeamliftError && error.code === 'REJECTS_EXCEEDED';
    if (!namesIt || rejectFile.keptAs === undefined) await rejectFile.discard();
    throw error;
  } finally {
    await rejectFile.close();
  }
}

function noRows(): RowStream {
  return { wire: 'cells', batches: Readable.from([]) };
}

function rejectPlace(context: RunContext, unit: WorkUnit, loader: Loader): RejectPlace {
  const keep = loader.keepRejects?.bind(loader, context, unit);
  return keep === undefined ? { folder: context.rejectFolder } : { keep };
}

/** Every row that was read is staged, rejected or filtered, and every staged row is in a part. */
export function checkCounts(context: RunContext, manifest: Manifest): void {
  const { rowsExtracted, rowsStaged, rowsRejected, rowsFiltered } = manifest.counts;
  const inParts = manifest.parts.reduce((sum, part) => sum + part.rows, 0);
  if (rowsExtracted === rowsStaged + rowsRejected + rowsFiltered && inParts === rowsStaged) return;
  throw new BeamliftError('COUNT_MISMATCH', {
    what: `Unit ${manifest.unit} extracted ${rowsExtracted} rows, but staged ${rowsStaged} (${inParts} in parts), rejected ${rowsRejected} and filtered ${rowsFiltered}`,
    where: { job: context.job, unit: manifest.unit },
    hint: 'Nothing was published. Please report this: it is a defect in beamlift.',
  });
}

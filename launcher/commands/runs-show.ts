import type { Command } from 'commander';
import { BeamliftError, messageOf } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, type JsonFlag } from '../flags/output-flags';
import { CommandOutput } from '../output/command-output';
import { renderFilesOfRun, SHOWN_FILES } from '../output/files-text';
import { adviceFor, lineForFiles } from '../output/run-advice';
import { renderRun } from '../output/runs-text';
import type { PipelineView } from '../look-at-pipeline';
import { notedPipeline } from '../runs/noted-pipeline';
import type { FileRecord } from '../runs/file-record';
import type { RunRecord, RunStore } from '../runs/run-store';
import { lookUpRun, statusTeller, withRunStore } from './find-run';
import { openSession } from './session';

/** More than a run can have. */
const ALL_FILES = 10_000_000;

interface ShowFlags extends FileFlag, JsonFlag {}

/** `beamlift runs show`. */
export function registerShow(runs: Command, action: MakeAction, invocation: string): void {
  const command = runs
    .command('show')
    .description('show one run: counts, losses, rejects, error, and what to do')
    .argument('<id>', 'its id, or the beginning of it');
  addFileFlag(command);
  addJsonFlag(command, 'print the record of the run as one JSON object');
  addExamples(command, invocation, [
    { says: 'A run by the beginning of its id', line: 'runs show 20250301T10' },
  ]);
  command.action(
    action(async (context, id: string, flags: ShowFlags) => {
      const output = new CommandOutput(context.host, context.redactor, {});
      const found = await withRunStore(context, flags, output, async (store) => {
        const run = await lookUpRun(store, id);
        if (run === undefined) return undefined;
        return { record: run, files: await filesToShow(store, run.id, flags.json === true) };
      });
      if (found === undefined) {
        throw new BeamliftError('RUN_NOT_FOUND', {
          what: `There is no run ${id}`,
          hint: '`beamlift runs list` shows the runs of the run store.',
        });
      }
      const { record, files } = found;
      const pipeline = await viewOf(context, flags, output, record);
      if (flags.json === true) {
        output.writeJson({
          ...record,
          ...(files.length === 0 ? {} : { files }),
          ...(pipeline === undefined ? {} : { pipeline: asJson(pipeline) }),
        });
        return EXIT.ok;
      }
      const shown = output.redacted(record);
      const tellStatus = statusTeller(context);
      const typed = { program: invocation, file: flags.file };
      const advice = adviceFor(shown, tellStatus(record), typed);
      output.writeLines(renderRun(shown, tellStatus, output.outPalette, pipeline));
      const line = lineForFiles(typed, record.id);
      output.writeLines(renderFilesOfRun(output.redacted(files), line, output.outPalette));
      if (advice.length > 0) output.writeLines(['', ...advice]);
      return EXIT.ok;
    }),
  );
}

/** Of the files of a run all, or failed ones first and one more than are shown. */
async function filesToShow(store: RunStore, runId: string, all: boolean): Promise<FileRecord[]> {
  if (all) return await store.files({ runId, limit: ALL_FILES });
  const limit = SHOWN_FILES + 1;
  const failed = await store.files({ runId, status: 'failed', limit });
  const loaded = failed.length < limit ? await store.files({ runId, status: 'loaded', limit }) : [];
  return [...failed, ...loaded].slice(0, limit);
}

function asJson({ counters, ...view }: PipelineView) {
  return { ...view, counters: Object.fromEntries(counters) };
}

/** What the runner says about the pipeline of a run that has not ended; undefined: there is none, or it cannot be asked (which is said). */
async function viewOf(
  context: CommandContext,
  flags: ShowFlags,
  output: CommandOutput,
  record: RunRecord,
): Promise<PipelineView | undefined> {
  const pipeline = notedPipeline(record);
  if (record.status !== 'running' || pipeline === undefined) return undefined;
  try {
    const session = await openSession(context, flags, output);
    try {
      return await context.engine.lookAtPipeline(pipeline, session.services);
    } finally {
      await session.close();
    }
  } catch (error) {
    context.host.signal.throwIfAborted();
    output.say(`The runner ${pipeline.runner} could not be asked: ${messageOf(error)}`);
    return undefined;
  }
}

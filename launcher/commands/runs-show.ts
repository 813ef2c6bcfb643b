import type { Command } from 'commander';
import { BeamliftError, messageOf } from '../../core/errors';
import type { CommandContext, MakeAction } from '../command';
import { EXIT } from '../exit-code';
import { addFileFlag, type FileFlag } from '../flags/configuration-flags';
import { addExamples } from '../flags/examples';
import { addJsonFlag, type JsonFlag } from '../flags/output-flags';
import { CommandOutput } from '../output/command-output';
import { adviceFor } from '../output/run-advice';
import { renderRun } from '../output/runs-text';
import type { PipelineView } from '../look-at-pipeline';
import { notedPipeline } from '../runs/noted-pipeline';
import type { RunRecord } from '../runs/run-store';
import { lookUpRun, statusTeller, withRunStore } from './find-run';
import { openSession } from './session';

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
      const record = await withRunStore(context, flags, output, async (store) => await lookUpRun(store, id));
      if (record === undefined) {
        throw new BeamliftError('RUN_NOT_FOUND', {
          what: `There is no run ${id}`,
          hint: '`beamlift runs list` shows the runs of the run store.',
        });
      }
      const pipeline = await viewOf(context, flags, output, record);
      if (flags.json === true) {
        output.writeJson(pipeline === undefined ? record : { ...record, pipeline: asJson(pipeline) });
        return EXIT.ok;
      }
      const shown = output.redacted(record);
      const tellStatus = statusTeller(context);
      const advice = adviceFor(shown, tellStatus(record), { program: invocation, file: flags.file });
      output.writeLines(renderRun(shown, tellStatus, output.outPalette, pipeline));
      if (advice.length > 0) output.writeLines(['', ...advice]);
      return EXIT.ok;
    }),
  );
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

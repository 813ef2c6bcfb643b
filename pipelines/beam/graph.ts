import './sdk-entry';
import { KVCoder } from 'apache-beam/coders/required_coders';
import { StrUtf8Coder } from 'apache-beam/coders/standard_coders';
import { P, type PCollection, type Root } from 'apache-beam/pvalue';
import { create } from 'apache-beam/transforms/create';
import { groupByKey } from 'apache-beam/transforms/internal';
import { withName } from 'apache-beam/transforms/transform';
import { reshuffle } from 'apache-beam/transforms/utils';
import type { KV } from 'apache-beam/values';
import { BeamliftError } from '../../core/errors';
import type { Plan } from '../../core/plan';
import { largestFirst } from '../in-process';
import { asyncParDo } from './async-pardo';
import { runStepNames, stepConfig } from './run-steps';

export interface GraphOptions {
  /** Units at once of one worker process. */
  readonly concurrency: number;
  /** How many workers the runner starts at most, each of one or more processes; absent: nobody knows. They share the source's connections. */
  readonly workers?: number;
  /** Whether the pipeline publishes what it staged; else whoever started it does. */
  readonly commits: boolean;
  /** Whose functions the steps call: `registerRunSteps`. */
  readonly scope: string;
}

/**
 * The pipeline of a run. Rows never cross a step: a unit is read, converted and staged inside of one, and what goes on is its manifest.
 *
 *     Create units -> Spread units -> Stage units [ -> Group manifests -> Commit -> Report ]
 *
 * Spread units is a Reshuffle: without it a runner fuses Create with Stage, and one worker stages everything, again from the first unit
 * with every retry. The configuration of the steps is the plan without its units and without secrets; units are the elements.
 * The labels are what an operator sees in the runner's console. Throws INTERNAL for a plan without units: nothing would ever reach
 * Commit, so that whoever made it publishes it.
 */
export function runGraph(
  { context, units }: Pick<Plan, 'context' | 'units'>,
  { concurrency, workers, commits, scope }: GraphOptions,
): (root: Root) => PCollection<unknown> {
  if (units.length === 0) throw new BeamliftError('INTERNAL', { what: 'A pipeline was made of no units' });
  const names = runStepNames(scope);
  const config = stepConfig({
    context,
    units: units.length,
    concurrency,
    ...(workers === undefined ? {} : { workers }),
  });
  const text = new StrUtf8Coder();
  const elements = largestFirst(units).map((unit) => JSON.stringify(unit));

  return (root) => {
    const created = root.apply(withName('Create units', create(elements, false)));
    const spread = P(created).apply(withName('Spread units', reshuffle<string>()));
    const staged = P(spread).apply(
      asyncParDo<KV<string, string>>(
        'Stage units',
        { name: names.stage, config, concurrency },
        new KVCoder(text, text),
      ),
    );
    if (!commits) return staged;
    const grouped = P(staged).apply(withName('Group manifests', groupByKey<string, string>()));
    const committed = P(grouped).apply(
      asyncParDo('Commit', { name: names.commit, config, concurrency: 1 }, text),
    );
    return P(committed).apply(asyncParDo('Report', { name: names.report, config, concurrency: 1 }, text));
  };
}

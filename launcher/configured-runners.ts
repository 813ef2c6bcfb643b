import { lazyModules } from '../core/lazy-modules';
import type * as OpenDataflowRunner from '../pipelines/beam/dataflow/open-dataflow-runner';
import type * as OpenPortableRunner from '../pipelines/beam/portable/open-portable-runner';
import type { Configuration } from './config/job-spec';
import { notConfigured, type PipelineRunnerName, type RunnerDesk } from './runner-desk';

/** Read at their first use: most runs need none. */
const load = lazyModules(__filename);
const modules = {
  dataflow: () => load('../pipelines/beam/dataflow/open-dataflow-runner') as typeof OpenDataflowRunner,
  portable: () => load('../pipelines/beam/portable/open-portable-runner') as typeof OpenPortableRunner,
};

/** The desk of a configuration: its runners are opened when they are needed. */
export function configuredRunners({
  runners: { dataflow, portable },
  inlineSecrets,
  sealedSecrets,
}: Pick<Configuration, 'runners' | 'inlineSecrets' | 'sealedSecrets'>): RunnerDesk {
  const names: readonly PipelineRunnerName[] = ['dataflow', 'portable'];
  const options = { dataflow, portable };
  return {
    configured: names.filter((name) => options[name] !== undefined),
    open: async (runner, services, signal) => {
      if (runner === 'portable' && portable !== undefined) {
        const { environment, baseFolder, log } = services;
        const threads = { environment, baseFolder, log, inlineSecrets, sealedSecrets };
        return await modules.portable().openPortableRunner(portable, { ...services, threads });
      }
      if (runner === 'dataflow' && dataflow !== undefined) {
        return await modules.dataflow().openDataflowRunner(dataflow, services, signal);
      }
      throw notConfigured(runner);
    },
  };
}

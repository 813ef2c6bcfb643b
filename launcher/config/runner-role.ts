import { lazyModules } from '../../core/lazy-modules';
import type * as Dataflow from '../../pipelines/beam/dataflow/options';
import type * as Portable from '../../pipelines/beam/portable/options';
import type { EndpointRole } from './endpoint-modules';

/** Read at their first use: most configurations describe no runner. */
const load = lazyModules(__filename);
export const runnerOptions = {
  dataflow: () => load('../../pipelines/beam/dataflow/options') as typeof Dataflow,
  portable: () => load('../../pipelines/beam/portable/options') as typeof Portable,
};

/** Runners with workers of their own, read from the configuration as connections and destinations are. */
export const RUNNER_ROLE: EndpointRole = {
  noun: 'runner',
  typeKeys: [],
  modules: [
    {
      type: 'dataflow',
      aliases: [],
      title: 'Google Cloud Dataflow',
      get schema() {
        return runnerOptions.dataflow().dataflowOptionsSchema;
      },
      get secretFields() {
        return runnerOptions.dataflow().DATAFLOW_SECRET_FIELDS;
      },
      pathFields: [],
      parseUrl: () => undefined,
    },
    {
      type: 'portable',
      aliases: [],
      title: 'any Beam job service',
      get schema() {
        return runnerOptions.portable().portableOptionsSchema;
      },
      secretFields: [],
      pathFields: [],
      parseUrl: () => undefined,
    },
  ],
  announced: [],
};

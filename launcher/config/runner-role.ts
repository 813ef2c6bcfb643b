import { DATAFLOW_SECRET_FIELDS, dataflowOptionsSchema } from '../../pipelines/beam/dataflow/options';
import { portableOptionsSchema } from '../../pipelines/beam/portable/options';
import type { EndpointRole } from './endpoint-modules';

/** Runners with workers of their own, read from the configuration as connections and destinations are. */
export const RUNNER_ROLE: EndpointRole = {
  noun: 'runner',
  typeKeys: [],
  modules: [
    {
      type: 'dataflow',
      aliases: [],
      title: 'Google Cloud Dataflow',
      schema: dataflowOptionsSchema,
      secretFields: [...DATAFLOW_SECRET_FIELDS],
      pathFields: [],
      parseUrl: () => undefined,
    },
    {
      type: 'portable',
      aliases: [],
      title: 'any Beam job service',
      schema: portableOptionsSchema,
      secretFields: [],
      pathFields: [],
      parseUrl: () => undefined,
    },
  ],
  announced: [],
};

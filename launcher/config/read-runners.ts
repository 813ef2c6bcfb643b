import type { DataflowOptions } from '../../pipelines/beam/dataflow/options';
import type { PortableOptions } from '../../pipelines/beam/portable/options';
import { DEFAULT_THRESHOLD_ROWS, type LargeRunner, runnersSchema } from './file-schema';
import { type EndpointContext, isMapping, readEndpoint } from './read-endpoint';
import { RUNNER_ROLE, runnerOptions } from './runner-role';
import { checkSchema, typeText } from './schema-problems';

const KEY = 'runners';

/** Which runner takes which jobs, and where the runners are. */
export interface RunnersConfiguration {
  readonly thresholdRows: number;
  readonly large: LargeRunner | undefined;
  readonly dataflow?: DataflowOptions;
  readonly portable?: PortableOptions;
}

export const NO_RUNNERS: RunnersConfiguration = { thresholdRows: DEFAULT_THRESHOLD_ROWS, large: undefined };

/** `runners`. Undefined: there were problems, which are in the list. */
export function readRunners(value: unknown, context: EndpointContext): RunnersConfiguration | undefined {
  const { problems } = context;
  if (!isMapping(value)) {
    problems.add([KEY], typeText('object', value));
    return undefined;
  }
  const before = problems.size;
  const described = RUNNER_ROLE.modules.map(({ type }) => type);
  const own = Object.entries(value).filter(([key]) => !described.includes(key));
  const rules = checkSchema(runnersSchema, Object.fromEntries(own), [KEY], problems, {
    alsoKnown: described,
  });
  const dataflow = readRunner('dataflow', value, context);
  const portable = readRunner('portable', value, context);
  const { large } = value;
  if (typeof large === 'string' && described.includes(large) && !Object.hasOwn(value, large)) {
    problems.add([KEY, 'large'], `is ${large}, and there is no runners.${large} that describes it`);
  }
  if (problems.size > before) return undefined;
  return {
    thresholdRows: rules?.threshold_rows ?? DEFAULT_THRESHOLD_ROWS,
    large: rules?.large,
    ...(dataflow === undefined
      ? {}
      : { dataflow: runnerOptions.dataflow().dataflowOptionsSchema.parse(dataflow) }),
    ...(portable === undefined
      ? {}
      : { portable: runnerOptions.portable().portableOptionsSchema.parse(portable) }),
  };
}

function readRunner(
  type: 'dataflow' | 'portable',
  value: Readonly<Record<string, unknown>>,
  context: EndpointContext,
) {
  if (!Object.hasOwn(value, type)) return undefined;
  const path = [KEY, type];
  const written = { name: type, raw: value[type], path, type: { value: type, path } };
  return readEndpoint(written, RUNNER_ROLE, context)?.named.config;
}

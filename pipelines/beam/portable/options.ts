import { z } from 'zod';

/** `host:port`; an IPv6 address stands in brackets. */
const ADDRESS = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(?:[1-9]\d{0,4})$/;
const ENVIRONMENT = /^(?:loopback|process:\S.*|external:\S+|docker:\S+)$/s;

/** `runners.portable`: a Beam job service (Flink, Spark, Prism and others have one), and where its workers come from. */
export const portableOptionsSchema = z.strictObject({
  endpoint: z
    .string()
    .regex(ADDRESS, 'a job service is written host:port')
    .describe('Address of the Beam job service, such as localhost:8073. It is reached without TLS.'),
  environment: z
    .string()
    .regex(ENVIRONMENT, 'write loopback, process:COMMAND, external:HOST:PORT or docker:IMAGE')
    .optional()
    .describe(
      'What the runner starts workers with. `loopback`: in the process of this command, for a runner that can connect back to this machine. `process:COMMAND`: the worker program of an installation of beamlift, on the machines of the runner. `external:HOST:PORT`: a worker pool that is running there. `docker:IMAGE`: the worker image. Default: loopback.',
    ),
  workers_have_secrets: z
    .boolean()
    .optional()
    .describe(
      'Workers that run elsewhere have the environment variables and the files that ${env:…} and ${file:…} name. Without it such a job is not given to them; ${secret:…} always works. Default: false.',
    ),
  workers: z
    .int()
    .min(1)
    .optional()
    .describe(
      'How many workers the runner starts at most, where they are not in this process: they share the `max_source_connections` of a job. Default: 1.',
    ),
  pipeline_options: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'an option is a name without dashes'), z.json())
    .optional()
    .describe(
      'Options of the runner, as its documentation names them: parallelism: 4, number_of_execution_retries: 3. They are not for secrets.',
    ),
});
export type PortableOptions = z.infer<typeof portableOptionsSchema>;

/** What a runner's workers are started with. */
export type WorkerEnvironment =
  | { readonly kind: 'loopback' }
  | { readonly kind: 'process'; readonly command: string }
  | { readonly kind: 'external'; readonly address: string }
  | { readonly kind: 'docker'; readonly image: string };

/** Of options that the schema has accepted. */
export function workerEnvironment({ environment = 'loopback' }: PortableOptions): WorkerEnvironment {
  const colon = environment.indexOf(':');
  const rest = environment.slice(colon + 1).trim();
  switch (colon === -1 ? environment : environment.slice(0, colon)) {
    case 'process':
      return { kind: 'process', command: rest };
    case 'external':
      return { kind: 'external', address: rest };
    case 'docker':
      return { kind: 'docker', image: rest };
    default:
      return { kind: 'loopback' };
  }
}

import type { SourceModule } from '../../../core/extractor';
import type { DestinationModule } from '../../../core/loader';
import { parseSecretText } from '../../../core/secret-references';
import type { JsonValue, RunContext } from '../../../core/plan';
import { SOURCES } from '../../../extractors';
import { DESTINATIONS } from '../../../loaders';
import type { Obstacle } from '../../pipeline-runner';
import type { WorkerEnvironment } from './options';

/** Where workers are, as far as what they can reach depends on it. */
export interface WorkerPlace {
  readonly environment: WorkerEnvironment;
  /** The job service is on this machine, and so are the processes that it starts. */
  readonly serviceIsHere: boolean;
  /** Workers have the variables and files that references name. */
  readonly workersHaveSecrets: boolean;
}

/**
 * What of a run the workers cannot do where they are. Workers in this process can do all. Processes that a job service on this machine
 * starts have its files and addresses, and the service's environment variables rather than this process'. All others are elsewhere.
 */
export function workerObstacles(context: RunContext, place: WorkerPlace): readonly Obstacle[] {
  const { environment, serviceIsHere } = place;
  if (environment.kind === 'loopback') return serviceIsHere ? [] : [LOOPBACK_ELSEWHERE];
  const here = environment.kind === 'process' && serviceIsHere;
  return [
    ...embeddedObstacles(context),
    ...secretObstacles(context, place, here),
    ...(here ? [] : [...fileObstacles(context), ...addressObstacles(context)]),
  ];
}

const LOOPBACK_ELSEWHERE: Obstacle = {
  what: 'The environment loopback has its workers in this process, and the job service is on another machine',
  hint: 'Give `runners.portable.environment` a worker image: docker:IMAGE. Or use a job service on localhost.',
};

function embeddedObstacles({ destination }: RunContext): Obstacle[] {
  if (DESTINATIONS.find(({ type }) => type === destination.type)?.embedded !== true) return [];
  return [
    {
      what: `The destination ${destination.destinationName} is a file of this machine, which one process writes`,
      hint: 'Use `environment: loopback`, or --runner in-process.',
    },
  ];
}

function secretObstacles(
  context: RunContext,
  { workersHaveSecrets }: WorkerPlace,
  here: boolean,
): Obstacle[] {
  const found = new Map<string, Obstacle>();
  for (const text of textsOf(context)) {
    for (const part of parseSecretText(text).parts) {
      if (typeof part === 'string' || part.kind === 'secret') continue;
      if (part.kind === 'inline') {
        found.set(part.text, {
          what: 'A secret is written out in the configuration, and never leaves this process',
          hint: 'Keep it in Secret Manager: ${secret:projects/P/secrets/S/versions/V}.',
        });
      } else if (!workersHaveSecrets && !(here && part.kind === 'file')) {
        found.set(part.text, {
          what: `Workers may not have ${part.text}`,
          hint: 'Keep the secret in Secret Manager (`${secret:projects/P/secrets/S/versions/V}`), or give it to the workers and set `runners.portable.workers_have_secrets: true`.',
        });
      }
    }
  }
  return [...found.values()];
}

function fileObstacles({ source, destination }: RunContext): Obstacle[] {
  const sources: readonly SourceModule[] = SOURCES;
  const destinations: readonly DestinationModule[] = DESTINATIONS;
  const files = [
    {
      name: source.connectionName,
      fields: sources.find(({ type }) => type === source.type)?.pathFields ?? [],
      values: source.connection,
    },
    {
      name: destination.destinationName,
      fields: destinations.find(({ type }) => type === destination.type)?.pathFields ?? [],
      values: destination.config,
    },
  ];
  return files.flatMap(({ name, fields, values }) =>
    fields
      .filter((field) => isPlainText(values[field]))
      .map((field) => ({
        what: `\`${field}\` of ${name} is a path of this machine`,
        hint: 'Put the files where every worker reads them, such as a bucket; or use --runner in-process.',
      })),
  );
}

/** A path that is only a reference is the secret's obstacle, if it is one. */
function isPlainText(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && parseSecretText(value).parts.some((part) => typeof part === 'string');
}

const HERE = /^(?:[a-z]+:\/\/)?(?:[^/@]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)(?::\d+)?(?:[/?].*)?$/i;
const ADDRESS_FIELDS = ['host', 'endpoint', 'staging_endpoint', 'url'];

function addressObstacles({ source, destination }: RunContext): Obstacle[] {
  const sides = [
    { name: source.connectionName, values: source.connection },
    { name: destination.destinationName, values: destination.config },
  ];
  return sides.flatMap(({ name, values }) =>
    ADDRESS_FIELDS.filter((field) => isHere(values[field])).map((field) => ({
      what: `\`${field}\` of ${name} is this machine, which workers elsewhere take for theirs`,
      hint: 'Write the name under which the workers reach it; or use --runner in-process.',
    })),
  );
}

function isHere(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && (HERE.test(value) || value.startsWith('/'));
}

function textsOf({ source, destination }: RunContext): string[] {
  return [...texts(source.connection), ...texts(destination.config)];
}

function texts(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(texts);
}

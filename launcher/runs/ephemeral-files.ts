import path from 'node:path';
import type { Environment } from '../../core/extractor';

/** What tells whether files outlive the machine. */
export interface MachineFacts {
  readonly environment: Environment;
  /** The text of /proc/self/mountinfo; undefined where there is none. */
  readonly mounts: string | undefined;
  /** Whether this is a container: it has the mark that Docker or Podman leave. */
  readonly isContainer: boolean;
}

/** Services that throw their machine's files away, by a variable that each of them sets. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ['K_SERVICE', 'Cloud Run'],
  ['CLOUD_RUN_JOB', 'Cloud Run'],
  ['AWS_LAMBDA_FUNCTION_NAME', 'AWS Lambda'],
  ['ECS_CONTAINER_METADATA_URI_V4', 'Amazon ECS'],
  ['CONTAINER_APP_NAME', 'Azure Container Apps'],
  ['DYNO', 'Heroku'],
  ['KUBERNETES_SERVICE_HOST', 'Kubernetes'],
]);

/** File systems that are in memory. */
const IN_MEMORY: readonly string[] = ['tmpfs', 'ramfs'];

/**
 * Why a file will be gone when this machine is; undefined: nothing says so. A volume that is mounted somewhere below the root is taken to
 * last, the root of a container is not. `file`: absolute, without symbolic links.
 */
export function whyEphemeral(file: string, facts: MachineFacts): string | undefined {
  const mount = mountOf(file, facts.mounts ?? '');
  if (mount !== undefined && IN_MEMORY.includes(mount.type)) {
    return `${mount.point} is a file system in memory`;
  }
  if (mount !== undefined && mount.point !== '/') return undefined;
  for (const [variable, service] of SERVICES) {
    if (facts.environment[variable] !== undefined) {
      return `${service} throws the files of a container away when the container ends, and no volume is mounted there`;
    }
  }
  return facts.isContainer
    ? 'it is in the file system of a container, which is thrown away with the container, and no volume is mounted there'
    : undefined;
}

interface Mount {
  readonly point: string;
  readonly type: string;
}

/** The mount that a file is on: the longest that leads to it, of those the last. */
function mountOf(file: string, mounts: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of mounts.split('\n')) {
    // 36 35 98:0 /root /mount/point options shared:1 - type source options
    const [before = '', after] = line.split(' - ');
    const point = unescapeOctal(before.split(' ')[4] ?? '');
    const type = after?.split(' ')[0];
    if (type === undefined || point === '' || !isBelow(file, point)) continue;
    if (best === undefined || point.length >= best.point.length) best = { point, type };
  }
  return best;
}

function isBelow(file: string, folder: string): boolean {
  const relative = path.posix.relative(folder, file);
  return relative !== '..' && !relative.startsWith('../');
}

/** Blanks and backslashes are written `\040`, `\134`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

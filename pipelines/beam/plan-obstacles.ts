import type { SourceModule } from '../../core/extractor';
import type { DestinationModule } from '../../core/loader';
import { fieldAt } from '../../core/nested-fields';
import type { JsonObject, JsonValue, RunContext } from '../../core/plan';
import { parseSecretText } from '../../core/secret-references';
import { SOURCES } from '../../extractors';
import { DESTINATIONS } from '../../loaders';
import type { Obstacle } from '../pipeline-runner';

const SECRET_MANAGER = 'Secret Manager (`${secret:projects/P/secrets/S/versions/V}`)';
const IN_PROCESS = 'or run the job in process (--runner in-process)';

/** Names of this machine, for itself. */
const LOOPBACK = /^(?:localhost|(?:.*\.)?localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1?\]?)\.?$/i;
/** Fields that name a machine; a server that is not named is looked for on the worker itself. */
const HOST = 'host';
/** The mapping of an SSH server that the connection goes through; `host` beside it is what that server reaches. */
const SSH = 'ssh';
const PASSWORD = 'password';
/** Fields that may hold a path in place of a text. */
const CERTIFICATES = ['ssl_ca', 'ssl_cert', 'ssl_key'] as const;
/** The beginnings of what is the text itself: PEM, and lines of known host keys. */
const NO_PATH = /-----BEGIN |\s(?:ssh|ecdsa|sk)-\S+\s+AAAA/;

/** The source or the destination of a run. */
interface Side {
  readonly name: string;
  readonly fields: JsonObject;
  readonly pathFields: readonly string[];
  /** Left out, `host` is this machine. */
  readonly hasHost: boolean;
  /** Left out, `password` is looked for in the environment and files of whoever connects. */
  readonly hasPassword: boolean;
}

/** Where workers are, as far as what they can do depends on it. */
export interface WorkerPlace {
  /** They are on this machine, in processes of their own: its files and addresses are theirs. */
  readonly here: boolean;
  /** References that they resolve as this process does, beside those of Secret Manager. */
  readonly resolves: readonly ('env' | 'file')[];
  /** What would let them resolve the others, as the end of a sentence; absent: nothing. */
  readonly toResolve?: string;
}

/**
 * What of a plan workers elsewhere cannot do: resolve secrets of this machine, read its files, reach what listens on it alone.
 * Secrets of Secret Manager and default credentials are theirs, too.
 */
export function planObstacles({ source, destination }: RunContext, place: WorkerPlace): Obstacle[] {
  const sources: readonly SourceModule[] = SOURCES;
  const destinations: readonly DestinationModule[] = DESTINATIONS;
  const from = sources.find(({ type }) => type === source.type);
  const to = destinations.find(({ type }) => type === destination.type);
  const sides: Side[] = [
    {
      name: `connection ${source.connectionName}`,
      fields: source.connection,
      pathFields: from?.pathFields ?? [],
      hasHost: from?.connectionSchema.shape[HOST] !== undefined,
      hasPassword: from?.connectionSchema.shape[PASSWORD] !== undefined,
    },
    {
      name: `destination ${destination.destinationName}`,
      fields: destination.config,
      pathFields: to?.pathFields ?? [],
      hasHost: false,
      hasPassword: false,
    },
  ];
  const secrets = sides.flatMap((side) => secretObstacles(side, place));
  return place.here
    ? secrets
    : [
        ...secrets,
        ...(place.resolves.includes('env') ? [] : sides.flatMap(loginObstacles)),
        ...sides.flatMap(pathObstacles),
        ...sides.flatMap(addressObstacles),
      ];
}

/** Whether an address, or the machine it names, is this machine's own. */
export function isLoopback(address: string): boolean {
  const host = URL.canParse(address) ? new URL(address).hostname : address;
  return LOOPBACK.test(host === '' ? address : host);
}

function secretObstacles(
  { name, fields }: Side,
  { resolves, toResolve = IN_PROCESS }: WorkerPlace,
): Obstacle[] {
  const found = new Map<string, Obstacle>();
  for (const [field, text] of textsOf(fields)) {
    for (const part of parseSecretText(text).parts) {
      if (typeof part === 'string' || part.kind === 'secret') continue;
      if (resolves.some((kind) => kind === part.kind)) continue;
      const where = `\`${field}\` of ${name}`;
      found.set(
        `${field} ${part.text}`,
        part.kind === 'connection'
          ? {
              what: `${where} is kept encrypted in the run store, which workers neither read nor have the key of`,
              hint: `Keep it in ${SECRET_MANAGER} and store that reference (\`beamlift connections edit\`), ${IN_PROCESS}.`,
            }
          : part.kind === 'inline'
            ? {
                what: `${where} is written out in the configuration, and secrets never leave this machine`,
                hint: `Keep it in ${SECRET_MANAGER}, ${IN_PROCESS}.`,
              }
            : {
                what: `${where} is ${part.text}, which only this machine can resolve`,
                hint: `Keep the secret in ${SECRET_MANAGER}, ${toResolve}.`,
              },
      );
    }
  }
  return [...found.values()];
}

function pathObstacles({ name, fields, pathFields }: Side): Obstacle[] {
  const paths = pathFields.filter((field) => fields[field] !== undefined);
  const certificates = [...CERTIFICATES, 'ssh.known_hosts'].filter((field) => {
    const text = fieldAt(fields, field);
    return typeof text === 'string' && !NO_PATH.test(text) && isLiteral(text);
  });
  return [
    ...paths.map((field) => ({
      what: `\`${field}\` of ${name} is on this machine, where workers cannot read or write`,
      hint: `Use a source or destination that workers reach, such as a bucket, ${IN_PROCESS}.`,
    })),
    ...certificates.map((field) => ({
      what: `\`${field}\` of ${name} is a file of this machine`,
      hint: `Write the text itself, keep it in ${SECRET_MANAGER}, ${IN_PROCESS}.`,
    })),
  ];
}

function addressObstacles({ name, fields, hasHost }: Side): Obstacle[] {
  const hint = `Write the name or address under which the workers reach it, ${IN_PROCESS}.`;
  const host = fields[SSH] === undefined ? HOST : `${SSH}.${HOST}`;
  const found = textsOf(fields)
    .filter(([field]) => field === host || /(?:^|[_.])endpoint$/.test(field))
    .filter(([, text]) => isLoopback(text) || text.startsWith('/'))
    .map(([field, text]) => ({ what: `\`${field}\` of ${name} is ${text}, which is this machine`, hint }));
  if (!hasHost || fieldAt(fields, host) !== undefined) return found;
  return [...found, { what: `${name} names no \`${HOST}\`, so that each worker would look on itself`, hint }];
}

/** What logging in takes from the machine where it is done, because the connection does not say it. */
function loginObstacles({ name, fields, hasPassword }: Side): Obstacle[] {
  const found: Obstacle[] = [];
  if (hasPassword && fields[PASSWORD] === undefined && fields['ssl_key'] === undefined) {
    found.push({
      what: `${name} has no \`password\`, and workers have neither the variables nor the password file of this machine`,
      hint: `Add \`password\`, kept in ${SECRET_MANAGER}; where the server asks for none, \`password: ""\`.`,
    });
  }
  if (fields[SSH] === undefined) return found;
  const inSsh = (field: string): JsonValue | undefined => fieldAt(fields, `${SSH}.${field}`);
  if (inSsh('private_key') === undefined && inSsh('password') === undefined) {
    found.push({
      what: `\`ssh\` of ${name} logs in with the SSH agent of this machine, which workers do not have`,
      hint: `Add \`private_key\`, kept in ${SECRET_MANAGER}.`,
    });
  }
  if (inSsh('host_key') === undefined && inSsh('known_hosts') === undefined) {
    found.push({
      what: `\`ssh\` of ${name} names no \`host_key\`, and workers do not have the known_hosts of this machine`,
      hint: 'Add `host_key: "SHA256:…"`, as `beamlift check` shows it.',
    });
  }
  return found;
}

function isLiteral(text: string): boolean {
  return parseSecretText(text).parts.every((part) => typeof part === 'string');
}

/** Texts by the names of their fields, those of nested mappings as `ssh.host`. */
function textsOf(value: JsonValue, field = ''): [field: string, text: string][] {
  if (typeof value === 'string') return [[field, value]];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => textsOf(item, field));
  return Object.entries(value).flatMap(([key, member]) =>
    textsOf(member, field === '' ? key : `${field}.${key}`),
  );
}

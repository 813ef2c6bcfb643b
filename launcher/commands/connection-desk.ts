import { BeamliftError } from '../../core/errors';
import type { SourceServices } from '../../core/extractor';
import { nearestName } from '../../core/nearest-name';
import type { CheckResult } from '../check-configuration';
import type { CommandContext } from '../command';
import { problemsError } from '../config/configuration-problem';
import type { ConnectionOutline } from '../config/connection-outline';
import type { NamedConnection } from '../config/job-spec';
import type { ConnectionStore, StoredConnection } from '../connections/connection-store';
import type { ReadConnection } from '../connections/draft-connection';
import type { FileFlag } from '../flags/configuration-flags';
import type { CommandOutput } from '../output/command-output';

/** The connections of a configuration and of its run store. */
export interface ConnectionDesk {
  readonly outline: ConnectionOutline;
  readonly store: ConnectionStore;
  /** The run store, as a person knows it. */
  readonly place: string;
  /** Resolves the secrets of a stored connection too, where `connection` is one. */
  services(connection?: ReadConnection): SourceServices;
  /** A connection of the file, or a stored one. Throws USAGE where there is none, CONFIG_INVALID where it has problems. */
  find(name: string): Promise<ReadConnection>;
  /** The stored one. Throws USAGE, which says so where it is one of the file. */
  findStored(name: string): Promise<StoredConnection>;
}

/** Opens the connections, and closes the store after `work`. `create`: the run store is about to be written. */
export async function withConnections(
  context: CommandContext,
  { file }: FileFlag,
  output: CommandOutput,
  { create }: { readonly create: boolean },
  work: (desk: ConnectionDesk) => Promise<number>,
): Promise<number> {
  const { host, engine, redactor } = context;
  const { cwd, environment, signal } = host;
  const outline = await engine.outlineConnections({
    cwd,
    environment,
    ...(file === undefined ? {} : { file }),
  });
  const log = await output.log();
  const services = (connection?: ReadConnection): SourceServices => {
    const { baseFolder } = outline;
    const inlineSecrets = new Map([...outline.inlineSecrets, ...(connection?.inlineSecrets ?? [])]);
    const sealedSecrets = connection?.sealedSecrets ?? new Map<string, string>();
    const secrets = engine.createSecrets({ baseFolder, inlineSecrets, sealedSecrets }, environment, redactor);
    return { secrets, environment, log, baseFolder };
  };
  const store = new LateStore(
    async () => await engine.openConnections(outline.runStore, { ...services(), signal }, { create }),
  );
  try {
    return await work({
      outline,
      store,
      place: outline.place,
      services,
      find: async (name) => {
        const inFile = connectionOfFile(outline, name);
        if (inFile !== undefined) {
          return { named: inFile, inlineSecrets: outline.inlineSecrets, sealedSecrets: new Map() };
        }
        const stored = await store.get(name);
        if (stored === undefined) throw await noConnection(name, outline, store);
        return engine.connectionTools().readStoredConnection(stored, environment, outline.baseFolder);
      },
      findStored: async (name) => {
        const stored = await store.get(name);
        if (stored !== undefined) return stored;
        if (outline.names.includes(name)) throw ofFile(name, outline);
        throw await noConnection(name, outline, store);
      },
    });
  } finally {
    await store.close();
  }
}

/** Opens the store at its first use: connections of the file need none. */
class LateStore implements ConnectionStore {
  private opened: Promise<ConnectionStore> | undefined;

  constructor(private readonly open: () => Promise<ConnectionStore>) {}

  async get(name: string): Promise<StoredConnection | undefined> {
    return await (await this.store()).get(name);
  }

  async list(): Promise<StoredConnection[]> {
    return await (await this.store()).list();
  }

  async put(connection: StoredConnection, replaces: string | undefined): Promise<boolean> {
    return await (await this.store()).put(connection, replaces);
  }

  async delete(name: string, revision: string): Promise<boolean> {
    return await (await this.store()).delete(name, revision);
  }

  async close(): Promise<void> {
    const store = await this.opened?.catch(() => undefined);
    await store?.close();
  }

  private async store(): Promise<ConnectionStore> {
    this.opened ??= this.open();
    return await this.opened;
  }
}

/** Undefined: the file has none of the name. Throws CONFIG_INVALID for one with problems. */
function connectionOfFile(
  { connections, names, problems, file }: ConnectionOutline,
  name: string,
): NamedConnection | undefined {
  const connection = connections.get(name);
  if (connection === undefined && names.includes(name)) {
    throw problemsError(problems, { file, code: 'CONFIG_INVALID' });
  }
  return connection;
}

/** What a command says that only works with stored connections. */
export function ofFile(name: string, { file }: ConnectionOutline): BeamliftError {
  return new BeamliftError('USAGE', {
    what: `Connection ${name} is in ${file ?? 'the configuration'}, and not in the run store`,
    hint: 'Change it there.',
  });
}

async function noConnection(
  name: string,
  { names }: ConnectionOutline,
  store: ConnectionStore,
): Promise<BeamliftError> {
  const all = [...names, ...(await store.list()).map((stored) => stored.name)];
  const near = nearestName(name, all);
  const known =
    all.length === 0
      ? 'There are none yet: `beamlift connections add` stores one.'
      : `There are: ${all.join(', ')}.`;
  return new BeamliftError('USAGE', {
    what: `There is no connection called "${name}", neither in the configuration nor in the run store`,
    hint: near === undefined ? known : `Did you mean "${near}"?`,
  });
}

/** What a test found, on one line, and what to do about it on another. */
export function summariseCheck({ findings }: Pick<CheckResult, 'findings'>): {
  readonly line: string;
  readonly hint: string | undefined;
} {
  const failed = findings.find(({ ok }) => !ok);
  if (failed !== undefined) return { line: `${failed.step}: ${failed.detail}`, hint: failed.hint };
  const warning = findings.find((finding) => finding.warning === true);
  if (warning !== undefined) return { line: `${warning.step}: ${warning.detail}`, hint: warning.hint };
  return { line: findings.at(-1)?.detail ?? 'can be used', hint: undefined };
}

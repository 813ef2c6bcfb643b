import type { SourceModule } from '../../core/extractor';
import type { DestinationModule } from '../../core/loader';
import { type Path, type ProblemList, quoted } from './configuration-problem';
import type { ConfigurationModules, EndpointRole } from './endpoint-modules';
import { NAME, NAME_RULE } from './file-schema';
import type { JobDraft } from './job-rules';
import type { NamedConnection } from './job-spec';
import { type EndpointContext, isMapping, readEndpoint } from './read-endpoint';
import { nearKey, typeText } from './schema-problems';
import { UNREADABLE_STORE, writtenFields, type StoredLookup } from './stored-endpoints';

/** What could be found: a connection with problems is missing, although its kind may be known. */
export interface JobSource {
  readonly connection?: NamedConnection;
  readonly source?: SourceModule | undefined;
}

export interface JobDestination {
  readonly destination: NamedConnection;
  readonly destinationModule: DestinationModule;
}

/** The connections or destinations of a file, by name. */
export class Endpoints {
  readonly byName = new Map<string, NamedConnection>();
  /** Also of those with problems. */
  names: readonly string[] = [];
  /** The run store could not be asked for others. */
  private storeFailed = false;

  constructor(
    private readonly section: 'connections' | 'destinations',
    readonly role: EndpointRole,
    private readonly context: EndpointContext,
  ) {}

  read(value: unknown): void {
    const { problems } = this.context;
    if (value === undefined) return;
    if (!isMapping(value)) {
      problems.add([this.section], typeText('object', value));
      return;
    }
    this.names = Object.keys(value);
    for (const [name, raw] of Object.entries(value)) {
      const path = [this.section, name];
      if (!NAME.test(name)) {
        problems.add(path, NAME_RULE);
        continue;
      }
      const endpoint = readEndpoint({ name, raw, path }, this.role, this.context);
      if (endpoint === undefined) continue;
      if (endpoint.pattern === undefined) this.byName.set(name, endpoint.named);
      else
        problems.add(
          [...path, 'url'],
          'names files: a connection is a folder, and a job says which files, as file_pattern',
        );
    }
  }

  /** Adds those of the run store that the file does not have: the file's own win. */
  readStored({ found, names, failure }: StoredLookup, sealedSecrets: Map<string, string>): void {
    this.storeFailed = failure !== undefined;
    for (const stored of found.filter(({ name }) => !this.names.includes(name))) {
      const { name, sealed } = stored;
      const path = ['stored_connections', name];
      const context = { ...this.context, isStored: true };
      const endpoint = readEndpoint({ name, raw: writtenFields(stored), path }, this.role, context);
      if (endpoint === undefined) continue;
      this.byName.set(name, endpoint.named);
      for (const [field, text] of Object.entries(sealed)) sealedSecrets.set(`${name}/${field}`, text);
    }
    this.names = [...this.names, ...names.filter((name) => !this.names.includes(name))];
  }

  /** Reports a name that is not there. A name with problems has been reported. */
  reportUnknown(name: string, path: Path): void {
    if (this.names.includes(name)) return;
    if (this.storeFailed) {
      this.context.problems.add(path, UNREADABLE_STORE);
      return;
    }
    const near = nearKey(name, this.names);
    const advice = near === undefined ? this.choice() : `did you mean ${near}?`;
    this.context.problems.add(path, `there is no ${this.role.noun} ${quoted(name)}; ${advice}`);
  }

  choice(): string {
    return this.names.length === 0 ? `there are no ${this.section} yet` : `one of ${this.names.join(', ')}`;
  }
}

/** Finds what the names in jobs stand for. */
export class JobEndpoints {
  constructor(
    private readonly connections: Endpoints,
    private readonly destinations: Endpoints,
    private readonly modules: ConfigurationModules,
    private readonly context: EndpointContext,
  ) {}

  findSource(draft: JobDraft): JobSource {
    const { keys, own, broken, path } = draft;
    const { connection: name, source_type: type, connection_params: params } = keys;
    const inline = type !== undefined || params !== undefined;
    if (inline && name === undefined) return this.readInline(draft);
    if (inline) {
      this.problems.add(
        [...path, 'connection'],
        'a job has a connection, or a source_type with connection_params',
      );
      return {};
    }
    if (name === undefined) {
      if (!broken.has('connection') && !broken.has('source_type')) {
        this.problems.add([...path, 'connection'], `is needed: ${this.connections.choice()}`);
      }
      return {};
    }
    const connection = this.connections.byName.get(name);
    if (connection !== undefined) return { connection, source: this.sourceOf(connection.type) };
    this.connections.reportUnknown(
      name,
      own.has('connection') ? [...path, 'connection'] : ['defaults', 'connection'],
    );
    return {};
  }

  /** A connection that the job describes itself. */
  private readInline({ name, path, keys, broken }: JobDraft): JobSource {
    const { source_type: type, connection_params: params } = keys;
    if (type === undefined || params === undefined) {
      const missing = type === undefined ? 'source_type' : 'connection_params';
      if (!broken.has(missing)) {
        this.problems.add([...path, missing], 'is needed: source_type and connection_params go together');
      }
      return {};
    }
    const endpoint = readEndpoint(
      {
        name: `jobs.${name}`,
        raw: params,
        path: [...path, 'connection_params'],
        type: { value: type, path: [...path, 'source_type'] },
      },
      this.connections.role,
      this.context,
    );
    if (endpoint === undefined) return {};
    this.connections.byName.set(endpoint.named.name, endpoint.named);
    return { connection: endpoint.named, source: this.sourceOf(endpoint.named.type) };
  }

  /** Where a file has one destination, jobs need not name it. */
  findDestination({ keys, own, broken, path }: JobDraft): JobDestination | undefined {
    if (broken.has('destination')) return undefined;
    const { names } = this.destinations;
    const name = keys.destination ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined) {
      this.problems.add([...path, 'destination'], `is needed: ${this.destinations.choice()}`);
      return undefined;
    }
    const destination = this.destinations.byName.get(name);
    if (destination === undefined) {
      this.destinations.reportUnknown(
        name,
        own.has('destination') ? [...path, 'destination'] : ['defaults', 'destination'],
      );
      return undefined;
    }
    const destinationModule = this.modules.destinations.find(({ type }) => type === destination.type);
    return destinationModule && { destination, destinationModule };
  }

  get destinationKinds(): readonly DestinationModule[] {
    return this.modules.destinations;
  }

  private sourceOf(type: string): SourceModule | undefined {
    return this.modules.sources.find((source) => source.type === type);
  }

  private get problems(): ProblemList {
    return this.context.problems;
  }
}

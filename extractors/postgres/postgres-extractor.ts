import { connectPostgres } from '../../core/clients/postgres';
import type { PostgresClient } from '../../core/clients/postgres-client';
import { postgresConnectionSchema } from '../../core/clients/postgres-connection';
import { resolvePostgresSettings, type PostgresSettings } from '../../core/clients/postgres-settings';
import { BeamliftError, type ErrorPlace } from '../../core/errors';
import type {
  Extractor,
  ReadRequest,
  RowBatch,
  RowStream,
  SourceServices,
  SplitHints,
  UpperBound,
} from '../../core/extractor';
import type { Estimate, JsonObject, SourceSpec, Window } from '../../core/plan';
import { RETRY_POLICIES } from '../../core/retry-policies';
import type { TableSchema } from '../../core/schema';
import { withRetries } from '../../core/with-retries';
import { ConnectionPool } from '../database/connection-pool';
import { waitForConnection } from '../database/free-connection';
import { encryptionNotice } from '../database/encryption-notice';
import { objectName } from '../database/object-name';
import { estimateRows } from './estimate-rows';
import { readUnit } from './read-unit';
import { loadRelation, schemaOf, type Relation } from './relation';
import { loadServerFacts, type ServerFacts } from './server-facts';
import { PostgresSession } from './session';
import { beginUnderSnapshot, canExportSnapshots, SnapshotLeader } from './snapshot';
import { sourceNotices } from './source-notices';
import { findSplits } from './split-hints';
import { findUpperBound } from './upper-bound';

/** What does not change while the source is open. */
interface Described {
  readonly facts: ServerFacts;
  readonly relation: Relation;
}

/** A table, view or query of PostgreSQL. See `Extractor` for the contract. */
export class PostgresExtractor implements Extractor {
  private readonly pool: ConnectionPool<PostgresClient>;
  private readonly place: ErrorPlace;
  private settings: PostgresSettings | undefined;
  private described: Described | undefined;
  private exportsSnapshots: boolean | undefined;
  private leader: SnapshotLeader | undefined;

  constructor(
    private readonly source: SourceSpec,
    private readonly services: SourceServices,
  ) {
    this.place = { connection: source.connectionName, object: objectName(source) };
    // the leader of the snapshot is one of them
    this.pool = new ConnectionPool(Math.max(1, source.maxConnections - 1), (signal) => this.connect(signal));
  }

  async schema(signal: AbortSignal): Promise<TableSchema> {
    const { relation } = await this.describe(signal);
    return schemaOf(relation);
  }

  async notices(signal: AbortSignal): Promise<readonly string[]> {
    const { facts, relation } = await this.describe(signal);
    const settings = await this.resolveSettings(signal);
    return [
      ...sourceNotices(relation, facts, await this.checkSnapshots(signal)),
      ...encryptionNotice(facts.protocol, settings),
    ];
  }

  files(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async estimate(window: Window | null, signal: AbortSignal): Promise<Estimate> {
    const { relation } = await this.describe(signal);
    return await this.inTransaction(signal, (session) =>
      estimateRows(session, relation, this.source.filter, window),
    );
  }

  async splits(window: Window | null, signal: AbortSignal): Promise<SplitHints> {
    const { relation } = await this.describe(signal);
    if (!(await this.checkSnapshots(signal))) {
      return {
        kind: 'none',
        reason: 'the server exports no snapshots, and several units would see different moments',
      };
    }
    const { filter, maxConnections } = this.source;
    return await this.inTransaction(signal, (session) =>
      findSplits(session, { relation, filter, window, maxConnections }),
    );
  }

  async upperBound(column: string, holdBackSeconds: number, signal: AbortSignal): Promise<UpperBound> {
    const { relation, facts } = await this.describe(signal);
    const { filter, timezone = 'UTC' } = this.source;
    return await this.withSession(signal, (session) =>
      findUpperBound(session, { relation, filter, column, holdBackSeconds, timezone, facts }),
    );
  }

  async pin(signal: AbortSignal): Promise<JsonObject | undefined> {
    if (this.leader === undefined) {
      const { relation } = await this.describe(signal);
      this.leader = await this.withSession(signal, async (holder) =>
        SnapshotLeader.open(await this.waitFor(() => this.connect(signal), signal), holder, relation),
      );
    }
    this.exportsSnapshots = this.leader !== undefined;
    return this.leader === undefined ? undefined : { snapshot: this.leader.snapshot };
  }

  read(request: ReadRequest, signal: AbortSignal): RowStream {
    return { wire: 'cells', batches: this.readBatches(request, signal) };
  }

  async releaseIdle(): Promise<void> {
    await this.pool.closeIdle();
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.leader?.close()]);
    await this.settings?.tunnel?.close();
  }

  private async *readBatches(
    request: ReadRequest,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const place = { ...this.place, unit: request.unit.id };
    const snapshot = request.pin?.['snapshot'];
    const { relation } = await this.describe(signal);
    this.leader?.check();
    const connection = await this.waitFor(() => this.pool.acquire(signal), signal);
    try {
      // while this one waited for its turn
      this.leader?.check();
      const session = new PostgresSession(connection.client, signal, place);
      if (typeof snapshot === 'string') await beginUnderSnapshot(session, snapshot);
      else await session.begin();
      yield* readUnit(session, { relation, filter: this.source.filter }, request);
      await session.commit();
      connection.release();
    } finally {
      connection.discard();
    }
  }

  private async describe(signal: AbortSignal): Promise<Described> {
    this.described ??= await this.inTransaction(signal, async (session) => {
      const facts = await loadServerFacts(session);
      const relation = await loadRelation(session, this.source.object, this.source.filter, facts);
      return { facts, relation };
    });
    return this.described;
  }

  private async checkSnapshots(signal: AbortSignal): Promise<boolean> {
    this.exportsSnapshots ??= await this.withSession(signal, canExportSnapshots);
    return this.exportsSnapshots;
  }

  private async inTransaction<T>(
    signal: AbortSignal,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> {
    return await this.withSession(signal, async (session) => {
      await session.begin();
      const result = await work(session);
      await session.commit();
      return result;
    });
  }

  /** Lends a connection; one on which something failed is not used again. */
  private async withSession<T>(
    signal: AbortSignal,
    work: (session: PostgresSession) => Promise<T>,
  ): Promise<T> {
    const connection = await this.waitFor(() => this.pool.acquire(signal), signal);
    try {
      const result = await work(new PostgresSession(connection.client, signal, this.place));
      connection.release();
      return result;
    } catch (error) {
      throw this.placed(error, signal);
    } finally {
      connection.discard();
    }
  }

  private async waitFor<T>(open: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return await waitForConnection(open, this.services.log, signal);
  }

  private async connect(signal: AbortSignal): Promise<PostgresClient> {
    const settings = await this.resolveSettings(signal);
    try {
      return await withRetries(RETRY_POLICIES.connect, signal, () => connectPostgres(settings, signal));
    } catch (error) {
      throw this.placed(error, signal);
    }
  }

  /** An error that says which connection it is of; what was aborted says why instead. */
  private placed(error: unknown, signal: AbortSignal): unknown {
    signal.throwIfAborted();
    return error instanceof BeamliftError ? error.at(this.place) : error;
  }

  private async resolveSettings(signal: AbortSignal): Promise<PostgresSettings> {
    if (this.settings === undefined) {
      const resolved = await resolvePostgresSettings(
        postgresConnectionSchema.parse(this.source.connection),
        this.services,
        signal,
      );
      // the first one counts: its tunnel is the one that is closed
      this.settings ??= resolved;
    }
    return this.settings;
  }
}

import { connectMysql } from '../../core/clients/mysql';
import type { MysqlClient } from '../../core/clients/mysql-client';
import { mysqlConnectionSchema } from '../../core/clients/mysql-connection';
import { resolveMysqlSettings, type MysqlSettings } from '../../core/clients/mysql-settings';
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
import type { Estimate, SourceSpec, Window } from '../../core/plan';
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
import { MysqlSession } from './session';
import { sourceNotices } from './source-notices';
import { findSplits } from './split-hints';
import { findUpperBound } from './upper-bound';

/** What does not change while the source is open. */
interface Described {
  readonly facts: ServerFacts;
  readonly relation: Relation;
}

/** A table, view or query of MySQL or MariaDB. See `Extractor` for the contract. */
export class MysqlExtractor implements Extractor {
  private readonly pool: ConnectionPool<MysqlClient>;
  private readonly place: ErrorPlace;
  private settings: MysqlSettings | undefined;
  private described: Described | undefined;

  constructor(
    private readonly source: SourceSpec,
    private readonly services: SourceServices,
  ) {
    this.place = { connection: source.connectionName, object: objectName(source) };
    this.pool = new ConnectionPool(source.maxConnections, (signal) => this.connect(signal));
  }

  async schema(signal: AbortSignal): Promise<TableSchema> {
    const { relation } = await this.describe(signal);
    return schemaOf(relation);
  }

  async notices(signal: AbortSignal): Promise<readonly string[]> {
    const { facts, relation } = await this.describe(signal);
    const settings = await this.resolveSettings(signal);
    return [...sourceNotices(relation, facts), ...encryptionNotice(facts.protocol, settings)];
  }

  files(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async estimate(window: Window | null, signal: AbortSignal): Promise<Estimate> {
    const { relation } = await this.describe(signal);
    return await this.withSession(signal, (session) =>
      estimateRows(session, relation, this.source.filter, window),
    );
  }

  async splits(window: Window | null, signal: AbortSignal): Promise<SplitHints> {
    const { relation } = await this.describe(signal);
    const { filter, maxConnections } = this.source;
    return await this.withSession(signal, (session) =>
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

  /** No server shares a snapshot between connections. */
  pin(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  read(request: ReadRequest, signal: AbortSignal): RowStream {
    return { wire: 'cells', batches: this.readBatches(request, signal) };
  }

  async releaseIdle(): Promise<void> {
    await this.pool.closeIdle();
  }

  async close(): Promise<void> {
    await this.pool.close();
    await this.settings?.tunnel?.close();
  }

  private async *readBatches(
    request: ReadRequest,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const place = { ...this.place, unit: request.unit.id };
    const { relation } = await this.describe(signal);
    const connection = await waitForConnection(() => this.pool.acquire(signal), this.services.log, signal);
    try {
      const session = new MysqlSession(connection.client, signal, place);
      await session.begin();
      yield* readUnit(session, { relation, filter: this.source.filter }, request);
      await session.commit();
      connection.release();
    } finally {
      connection.discard();
    }
  }

  private async describe(signal: AbortSignal): Promise<Described> {
    this.described ??= await this.withSession(signal, async (session) => {
      const facts = await loadServerFacts(session);
      const { database } = await this.resolveSettings(signal);
      const relation = await loadRelation(session, this.source.object, this.source.filter, database);
      return { facts, relation };
    });
    return this.described;
  }

  /** Lends a connection; one on which something failed is not used again. */
  private async withSession<T>(signal: AbortSignal, work: (session: MysqlSession) => Promise<T>): Promise<T> {
    const connection = await waitForConnection(() => this.pool.acquire(signal), this.services.log, signal);
    try {
      const session = new MysqlSession(connection.client, signal, this.place);
      await session.begin();
      const result = await work(session);
      await session.commit();
      connection.release();
      return result;
    } catch (error) {
      throw this.placed(error, signal);
    } finally {
      connection.discard();
    }
  }

  private async connect(signal: AbortSignal): Promise<MysqlClient> {
    const settings = await this.resolveSettings(signal);
    try {
      return await withRetries(RETRY_POLICIES.connect, signal, async () => {
        const client = await connectMysql(settings, signal);
        try {
          await new MysqlSession(client, signal, this.place).setUp();
          return client;
        } catch (error) {
          client.destroy();
          throw error;
        }
      });
    } catch (error) {
      throw this.placed(error, signal);
    }
  }

  /** An error that says which connection it is of; what was aborted says why instead. */
  private placed(error: unknown, signal: AbortSignal): unknown {
    signal.throwIfAborted();
    return error instanceof BeamliftError ? error.at(this.place) : error;
  }

  private async resolveSettings(signal: AbortSignal): Promise<MysqlSettings> {
    if (this.settings === undefined) {
      const resolved = await resolveMysqlSettings(
        mysqlConnectionSchema.parse(this.source.connection),
        this.services,
        signal,
      );
      // the first one counts: its tunnel is the one that is closed
      this.settings ??= resolved;
    }
    return this.settings;
  }
}

import type { TableReference } from '../../core/clients/bigquery-api';
import type { ReadSession } from '../../core/clients/bigquery-storage-api';
import type { ErrorCode } from '../../core/error-codes';
import { BeamliftError } from '../../core/errors';
import type { SourceStream, SplitHints } from '../../core/extractor';
import type { Logger } from '../../core/logger';
import type { Estimate } from '../../core/plan';
import type { BigQueryClients } from './clients';
import type { Moment } from './moment';
import { keepResult, type QueryRows } from './query-result';
import type { Relation } from './relation';
import { cutRows } from './row-range';
import { conditionOf, selectStatement, type RowSelection } from './select-statement';

/** Longest restriction of a read session, in characters (reference of TableReadOptions: 1 MB). */
const MAX_RESTRICTION = 1_000_000;

/** Why the Storage Read API may be left for REST: it is not permitted, not reached, or does not take the restriction. */
const FALLBACK: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RIGHTS_MISSING',
  'CONNECTION_TIMEOUT',
  'CONNECTION_LOST',
  'QUERY_REFUSED',
]);

/** Which rows, at which moment. */
export interface CutRequest {
  readonly relation: Relation;
  readonly selection: RowSelection;
  /** Undefined: all. */
  readonly columns: readonly string[] | undefined;
  /** Undefined: now. */
  readonly moment: Moment | undefined;
  readonly nonce: string;
}

/** All rows of a request. */
export interface SourceCut {
  readonly streams: readonly SourceStream[];
  /** How, in words. */
  readonly reason: string;
  readonly estimate: Estimate | undefined;
}

/** Hears of each result that was kept, by its name. */
export type ResultListener = (name: string, rows: QueryRows, nonce: string) => void;

/**
 * Cuts what a job reads into streams: stored tables by a read session on themselves, everything else by running it once and a read
 * session on its result; by ranges of rows over REST where there are no sessions.
 */
export class SourceCutter {
  /** Why there are no read sessions. */
  private fallback: string | undefined;

  constructor(
    private readonly clients: BigQueryClients,
    private readonly log: Logger,
    private readonly onResult: ResultListener,
  ) {
    if (clients.connection.read_method === 'rest') this.fallback = 'read_method is rest';
  }

  /** For a plan. A query is not run for a plan that is only shown. */
  async hints(request: CutRequest, signal: AbortSignal): Promise<SplitHints> {
    const { relation, moment } = request;
    if (moment === undefined && (!relation.isStored || this.fallback !== undefined)) {
      return { kind: 'none', reason: 'the result is cut when the run has it' };
    }
    const { streams, reason, estimate } = await this.cut(request, undefined, signal);
    return { kind: 'streams', streams, reason, ...(estimate === undefined ? {} : { estimate }) };
  }

  async cut(request: CutRequest, maxStreams: number | undefined, signal: AbortSignal): Promise<SourceCut> {
    const { relation, moment } = request;
    const condition = conditionOf(relation, request.selection);
    if (relation.isStored && relation.table !== undefined && condition.length <= MAX_RESTRICTION) {
      const session = await this.session(
        {
          table: relation.table.reference,
          fields: request.columns,
          restriction: condition,
          snapshotTime: moment?.snapshotTime,
          maxStreams,
        },
        signal,
      );
      if (session !== undefined) return ofSession(session, condition === '' ? undefined : null);
    }
    return await this.cutResult(request, maxStreams, signal);
  }

  private async cutResult(
    { relation, selection, columns, moment, nonce }: CutRequest,
    maxStreams: number | undefined,
    signal: AbortSignal,
  ): Promise<SourceCut> {
    const { reader, connection } = this.clients;
    const sql = selectStatement(relation, columns, selection, moment?.snapshotTime);
    const kept = await keepResult({ reader, connection, nonce }, relation, sql, signal);
    this.onResult(sql, kept, nonce);
    const { table } = kept;
    const { totalRows } = await reader.listRows({ table, fields: undefined, start: 0, maxRows: 1 }, signal);
    const session =
      totalRows === 0
        ? undefined
        : await this.session(
            { table, fields: undefined, restriction: '', snapshotTime: undefined, maxStreams },
            signal,
          );
    if (session !== undefined) return ofSession(session, totalRows);
    const reason = `ranges of rows of the REST API: ${this.fallback ?? 'there is no row'}`;
    const estimate: Estimate = { rows: totalRows, bytes: null, quality: 'exact' };
    return { streams: cutRows(table, totalRows), reason, estimate };
  }

  /** Undefined: rows are read by REST. */
  private async session(
    request: {
      readonly table: TableReference;
      readonly fields: readonly string[] | undefined;
      readonly restriction: string;
      readonly snapshotTime: string | undefined;
      readonly maxStreams: number | undefined;
    },
    signal: AbortSignal,
  ): Promise<ReadSession | undefined> {
    if (this.fallback !== undefined) return undefined;
    const { connection, storage } = this.clients;
    try {
      return await storage.createSession(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      const given = connection.read_method === 'storage';
      if (given || !(error instanceof BeamliftError) || !FALLBACK.has(error.code)) throw error;
      const why = error.why ?? error.what;
      this.log.warn('bigquery.rest_instead_of_storage', { code: error.code, why });
      // A restriction that is not taken says nothing about other sessions.
      if (error.code !== 'QUERY_REFUSED') this.fallback = `the Storage Read API cannot be used (${why})`;
      return undefined;
    }
  }
}

/** `rows`: exact where known; undefined: the session's own estimate; null: it counts rows that are not read. */
function ofSession(session: ReadSession, rows: number | null | undefined): SourceCut {
  const { streams, estimatedRows, estimatedBytes = null } = session;
  const known = rows === undefined ? (estimatedRows ?? null) : rows;
  const each = known === null ? null : Math.round(known / Math.max(1, streams.length));
  const estimate: Estimate | undefined =
    known === null
      ? undefined
      : { rows: known, bytes: estimatedBytes, quality: rows === undefined ? 'statistics' : 'exact' };
  return {
    streams: streams.map((name) => ({ name, rows: each })),
    reason: 'streams of the Storage Read API, as BigQuery cuts them',
    estimate,
  };
}

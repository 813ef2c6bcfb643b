import { randomUUID } from 'node:crypto';
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
import type { TableSchema } from '../../core/schema';
import { readLimited } from '../files/read-limited';
import { openBigQueryClients, type BigQueryClients } from './clients';
import { estimateRows } from './estimate-rows';
import { findMoment, parsePin, type Moment } from './moment';
import type { QueryRows, ResultScope } from './query-result';
import { readRange, readStream } from './read-rows';
import { columnOf, loadRelation, schemaOf, type Relation } from './relation';
import { parseRange } from './row-range';
import { SourceCutter, type SourceCut } from './source-cut';
import { sourceNotices } from './source-notices';
import { findUpperBound } from './upper-bound';

/** For taking away results when the source is closed, in milliseconds; what is left expires. */
const CLEAN_UP_MS = 20_000;

/** A table, view or query of BigQuery. See `Extractor` for the contract. */
export class BigQueryExtractor implements Extractor {
  private readonly place: ErrorPlace;
  private readonly ownNonce = randomUUID();
  private opened: Promise<BigQueryClients> | undefined;
  private described: Promise<Relation> | undefined;
  private moment: Moment | undefined;
  private cutter: SourceCutter | undefined;
  private readonly results = new Map<string, QueryRows>();

  constructor(
    private readonly source: SourceSpec,
    private readonly services: SourceServices,
  ) {
    this.place = { connection: source.connectionName };
  }

  async schema(signal: AbortSignal): Promise<TableSchema> {
    return await this.placed(async () => schemaOf(await this.describe(signal)), signal);
  }

  async notices(signal: AbortSignal): Promise<readonly string[]> {
    return await this.placed(async () => {
      const { connection } = await this.clients(signal);
      return sourceNotices(await this.describe(signal), connection);
    }, signal);
  }

  files(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async estimate(window: Window | null, signal: AbortSignal): Promise<Estimate> {
    return await this.placed(async () => {
      const relation = await this.describe(signal);
      const selection = { window, filter: this.source.filter };
      return await estimateRows(
        await this.scope(undefined, signal),
        relation,
        selection,
        this.moment,
        signal,
      );
    }, signal);
  }

  async splits(window: Window | null, signal: AbortSignal, columns?: readonly string[]): Promise<SplitHints> {
    return await this.placed(async () => {
      const relation = await this.describe(signal);
      const cutter = await this.openCutter(signal);
      const selection = { window, filter: this.source.filter };
      return await cutter.hints(
        { relation, selection, columns, moment: this.moment, nonce: this.nonceOf(this.moment) },
        signal,
      );
    }, signal);
  }

  async upperBound(column: string, holdBackSeconds: number, signal: AbortSignal): Promise<UpperBound> {
    return await this.placed(async () => {
      const relation = await this.describe(signal);
      const { filter, timezone = 'UTC' } = this.source;
      const input = { relation, filter, column, holdBackSeconds, timezone };
      return await findUpperBound(await this.scope(undefined, signal), input, signal);
    }, signal);
  }

  async pin(signal: AbortSignal): Promise<JsonObject> {
    return await this.placed(async () => {
      const { location } = await this.describe(signal);
      this.moment ??= await findMoment(await this.scope(undefined, signal), location, signal);
      return { ...this.moment };
    }, signal);
  }

  /** Streams and hidden results are BigQuery's to keep; tables in `temporary_dataset` are deleted by `close`. */
  get pinLasts(): boolean {
    return this.results.size === 0;
  }

  read(request: ReadRequest, signal: AbortSignal): RowStream {
    return { wire: 'cells', batches: readLimited(this.readBatches(request, signal), request.limit) };
  }

  async close(): Promise<void> {
    const { opened } = this;
    if (opened === undefined) return;
    this.opened = undefined;
    const clients = await opened.catch(() => undefined);
    if (clients === undefined) return;
    clients.storage.close();
    const signal = AbortSignal.timeout(CLEAN_UP_MS);
    for (const { table } of this.results.values()) {
      try {
        await clients.reader.deleteTable(table, signal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.services.log.warn('bigquery.result_left', { table: table.tableId, why });
      }
    }
    this.results.clear();
  }

  private async *readBatches(
    request: ReadRequest,
    signal: AbortSignal,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const place = { ...this.place, unit: request.unit.id };
    try {
      const relation = await this.describe(signal);
      const fields = request.columns.map((name) => columnOf(relation, name).field);
      const { reader, storage } = await this.clients(signal);
      for (const stream of await this.streamsOf(request, relation, signal)) {
        const range = parseRange(stream);
        yield* range === undefined
          ? readStream(storage, stream, fields, place, request.takesRaw === true, signal)
          : readRange(reader, range, fields, place, signal);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof BeamliftError ? error.at(place) : error;
    }
  }

  /** The streams of a unit: its own, or those of the whole window, one behind the other. */
  private async streamsOf(
    { unit, window, columns, pin }: ReadRequest,
    relation: Relation,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (unit.kind === 'stream') return [unit.stream];
    if (unit.kind !== 'all') {
      throw new BeamliftError('INTERNAL', { what: `Unit ${unit.id} is not one of BigQuery (${unit.kind})` });
    }
    const moment = pin === undefined ? undefined : parsePin(pin);
    const cutter = await this.openCutter(signal);
    const selection = { window, filter: this.source.filter };
    const cut: SourceCut = await cutter.cut(
      { relation, selection, columns, moment, nonce: this.nonceOf(moment) },
      1,
      signal,
    );
    return cut.streams.map(({ name }) => name);
  }

  private nonceOf(moment: Moment | undefined): string {
    return moment?.nonce ?? this.ownNonce;
  }

  private async scope(moment: Moment | undefined, signal: AbortSignal): Promise<ResultScope> {
    const { reader, connection } = await this.clients(signal);
    // Small questions are asked anew each time: their answers change.
    return { reader, connection, nonce: moment?.nonce ?? randomUUID() };
  }

  private async openCutter(signal: AbortSignal): Promise<SourceCutter> {
    const clients = await this.clients(signal);
    this.cutter ??= new SourceCutter(clients, this.services.log, (name, rows, nonce) => {
      // What another process asked for is its own to take away.
      if (rows.isTemporary && (nonce === this.ownNonce || nonce === this.moment?.nonce)) {
        this.results.set(name, rows);
      }
    });
    return this.cutter;
  }

  private async describe(signal: AbortSignal): Promise<Relation> {
    this.described ??= this.load(signal).catch((error: unknown) => {
      this.described = undefined;
      throw error;
    });
    return await this.described;
  }

  private async load(signal: AbortSignal): Promise<Relation> {
    const { reader, connection } = await this.clients(signal);
    return await loadRelation(reader, connection, this.source, signal);
  }

  private async clients(signal: AbortSignal): Promise<BigQueryClients> {
    this.opened ??= openBigQueryClients(this.source.connection, this.services, signal).catch(
      (error: unknown) => {
        this.opened = undefined;
        throw error;
      },
    );
    return await this.opened;
  }

  /** Errors say which connection they are of; what was aborted says why instead. */
  private async placed<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof BeamliftError ? error.at(this.place) : error;
    }
  }
}

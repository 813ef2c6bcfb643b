import type { Row } from '../core/cells';
import type { DestinationRules } from '../core/destination-rules';
import type { StagingFormat } from '../core/encoding';
import type { LossLedger } from '../core/loss-ledger';
import type { RunContext, WorkUnit } from '../core/plan';
import type { Reject } from '../core/reject';
import { compileColumnDigests, type DigestingRows } from '../transforms/column-digest';
import { compilePartitionKeys, type PartitionKeys } from '../transforms/partition-keys';
import { compileConverter, type RowConverter } from '../transforms/schema-aware-converter';
import { valueRefused } from './reject-errors';
import type { EncodingTarget, RowBlocks } from './row-blocks';
import { rowTooLong } from './row-too-long';

/** How a row is named where it is refused, and the file that it is of. */
export interface RowPlace {
  readonly name: () => string;
  readonly file?: string | undefined;
}

/** Rows of a unit on their way into blocks: converted, encoded, and noted where something must be known of all of them. */
export class StagedRows {
  readonly partitions: PartitionKeys | undefined;
  readonly digests: DigestingRows | undefined;
  private readonly converter: RowConverter;

  constructor(
    private readonly context: RunContext,
    private readonly unit: WorkUnit,
    private readonly target: EncodingTarget,
    readonly blocks: RowBlocks,
    ledger: LossLedger,
  ) {
    const { destinationSchema: schema, stagingFormat: format, partitioning } = context;
    this.converter = compileConverter({
      columns: context.columns,
      source: context.sourceSchema,
      destination: schema,
      policies: context.policies,
      rules: rulesOf(format, target),
      keyColumns: context.keyColumns,
      ledger,
    });
    this.partitions = partitioning === null ? undefined : compilePartitionKeys(partitioning, schema);
    this.digests = context.verify === 'strict' ? compileColumnDigests(schema) : undefined;
  }

  /** Converts a row and encodes it behind the others. Returns why it is not among them; undefined: it is. Throws what a policy says ends the run. */
  add(row: Row, place: RowPlace): Reject | undefined {
    const { converter, blocks, context, unit } = this;
    const converted = converter.convert(row);
    const file = place.file === undefined ? {} : { file: place.file };
    if (converted === undefined) {
      const { fatal, ...reject } = converter.lastReject();
      const named = { row: place.name(), ...file, ...reject };
      if (fatal) throw valueRefused(context, unit, named);
      return named;
    }
    if (!blocks.add(converted)) {
      converter.takeBackLosses();
      const { destinationSchema: schema, stagingFormat: format } = context;
      const reason = rowTooLong(converted, schema, format, this.target.rules.maxRowBytes ?? Infinity);
      return { row: place.name(), ...file, reason };
    }
    this.partitions?.add(converted);
    this.digests?.add(converted);
    return undefined;
  }
}

/** A document in place cannot be told from no document where it is `null`. */
export function rulesOf(format: StagingFormat, { rules, ndjson }: EncodingTarget): DestinationRules {
  return format === 'ndjson' && ndjson.json === 'raw' ? { ...rules, nullDocument: false } : rules;
}

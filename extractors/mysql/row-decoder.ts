import type { ResultField, RowReceiver } from '../../core/clients/mysql-client';
import type { Cell } from '../../core/cells';
import { BeamliftError } from '../../core/errors';
import type { RowBatch } from '../../core/extractor';
import { MYSQL_EIGHT_BYTES, MYSQL_NULL, MYSQL_THREE_BYTES, MYSQL_TWO_BYTES } from '../../core/mysql-rows';
import { UnreadableValue } from '../../core/unreadable-value';
import type { RowBatcher } from '../database/row-batches';
import { familyOf } from './column-reading';
import type { RelationColumn } from './relation';

/** Makes rows of the text protocol's rows. Throws SOURCE_CHANGED where the result has other columns than were planned. */
export class RowDecoder implements RowReceiver {
  constructor(
    private readonly columns: readonly RelationColumn[],
    private readonly batcher: RowBatcher,
    private readonly relationName: string,
  ) {}

  get isFull(): boolean {
    return this.batcher.isFull;
  }

  get isEmpty(): boolean {
    return this.batcher.isEmpty;
  }

  /** The rows since the last call. */
  take(): RowBatch {
    return this.batcher.take();
  }

  fields(fields: readonly ResultField[]): void {
    const changed = this.columns.find((column, index) => {
      const field = fields[index];
      return field === undefined || familyOf(field) !== column.reading.wireFamily;
    });
    if (changed === undefined && fields.length === this.columns.length) return;
    throw new BeamliftError('SOURCE_CHANGED', {
      what: `${this.relationName} was altered after the run was planned`,
      ...(changed === undefined ? {} : { where: { column: changed.name } }),
      why:
        changed === undefined
          ? 'It has other columns now.'
          : `${changed.name} was ${changed.nativeType} then.`,
      hint: 'Run the job again.',
    });
  }

  row(bytes: Buffer, start: number, end: number): void {
    const { columns } = this;
    const cells = new Array<Cell>(columns.length);
    let unreadable: { field: number; reason: string } | undefined;
    let at = start;
    for (let index = 0; index < columns.length; index++) {
      let length = bytes[at++] ?? 0;
      if (length === MYSQL_NULL) {
        cells[index] = null;
        continue;
      }
      if (length === MYSQL_TWO_BYTES) {
        length = bytes.readUInt16LE(at);
        at += 2;
      } else if (length === MYSQL_THREE_BYTES) {
        length = bytes.readUIntLE(at, 3);
        at += 3;
      } else if (length === MYSQL_EIGHT_BYTES) {
        length = Number(bytes.readBigUInt64LE(at));
        at += 8;
      }
      const valueEnd = at + length;
      if (valueEnd > end) throw malformed(this.relationName);
      try {
        cells[index] = columns[index]?.reading.decode(bytes, at, valueEnd) ?? null;
      } catch (error) {
        if (!(error instanceof UnreadableValue)) throw error;
        cells[index] = null;
        unreadable ??= { field: index, reason: error.message };
      }
      at = valueEnd;
    }
    if (at !== end) throw malformed(this.relationName);
    this.batcher.count(end - start);
    if (unreadable === undefined) this.batcher.row(cells);
    else this.batcher.unreadable(cells, unreadable.field, unreadable.reason);
  }
}

function malformed(relationName: string): BeamliftError {
  return new BeamliftError('SOURCE_INCOMPLETE', {
    what: `A row of ${relationName} is not as the server announced it`,
    hint: 'Run the job again; nothing of this unit counts.',
  });
}

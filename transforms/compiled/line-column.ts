import type { NdjsonDialect } from '../../core/encoding';
import type { Column } from '../../core/schema';
import type { Present } from '../cell-shape';
import type { BlockBuffer } from '../encode/block-buffer';
import { compileNdjsonValue } from '../encode/ndjson';
import type { ValueSink } from './value-sink';

/** Writes the name of a column and its value into a line of NDJSON, as the encoder of rows does. */
export class LineColumn implements Pick<ValueSink, 'putNull' | 'putCell'> {
  private readonly name: Buffer;
  private readonly nameAndNull: Buffer;
  private readonly textOf: (cell: Present) => string;

  /** `isFirst`: of its line, which its name begins. */
  constructor(
    private readonly line: BlockBuffer,
    { name, type }: Column,
    dialect: NdjsonDialect,
    isFirst: boolean,
  ) {
    const start = `${isFirst ? '{' : ','}${JSON.stringify(name)}:`;
    this.name = Buffer.from(start, 'utf8');
    this.nameAndNull = Buffer.from(`${start}null`, 'utf8');
    this.textOf = compileNdjsonValue(type, dialect);
  }

  putName(): void {
    this.append(this.name);
  }

  putNull(): void {
    this.append(this.nameAndNull);
  }

  putCell(cell: Present): void {
    this.append(this.name);
    this.append(Buffer.from(this.textOf(cell), 'utf8'));
  }

  private append(bytes: Buffer): void {
    const { line } = this;
    line.reserve(bytes.length);
    line.bytes.set(bytes, line.end);
    line.end += bytes.length;
  }
}

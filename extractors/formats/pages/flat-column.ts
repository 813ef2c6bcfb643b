import type { ArrowData } from '../../../core/arrow-buffers';
import type { ChunkBytes } from './chunk-bytes';
import { LeafPages } from './leaf-pages';
import type { LeafValues } from './leaf-values';
import type { ColumnDecoder } from './column-decoder';
import { VALUES_AT_ONCE, type PageMemory } from './page-memory';
import type { LeafShape } from './page-plan';
import { ValidityBits } from './validity-bits';
import { valuesOfLeaf } from './values-of-leaf';

/** A column with a value or null in each row. */
export class FlatColumn implements ColumnDecoder {
  private readonly values: LeafValues;
  private readonly pages: LeafPages;
  private readonly present: number;
  private readonly validity = new ValidityBits();
  private readonly levels: Int32Array;
  private rows = 0;

  constructor(memory: PageMemory, shape: LeafShape) {
    this.values = valuesOfLeaf(shape);
    this.present = shape.present;
    this.levels = memory.levels;
    const most = { maxDefinition: shape.present, maxRepetition: 0 };
    this.pages = new LeafPages(memory, most, this.values, shape);
  }

  open(chunk: ChunkBytes, codec: number, values: number): void {
    this.pages.open(chunk, codec, values);
  }

  begin(): void {
    this.values.begin();
    this.validity.begin();
    this.rows = 0;
  }

  advance(rows: number): boolean {
    while (this.rows < rows) {
      if (this.pages.left === 0) return false;
      const count = Math.min(this.pages.left, rows - this.rows, VALUES_AT_ONCE);
      this.append(count);
      this.rows += count;
      this.pages.left -= count;
    }
    return true;
  }

  async nextPage(): Promise<void> {
    await this.pages.nextPage();
  }

  data(): ArrowData {
    const { rows: length } = this;
    return { length, offset: 0, children: [], ...this.validity.of(length), ...this.values.buffers(length) };
  }

  bytes(): number {
    return this.values.bytes(this.rows);
  }

  async finish(): Promise<void> {
    await this.pages.finish();
  }

  close(): void {
    this.pages.close();
  }

  private append(count: number): void {
    const { pages, present, rows, levels } = this;
    if (present === 0 || pages.definitions.readAll(present, count)) {
      pages.read(rows, count);
      return;
    }
    pages.definitions.read(levels, 0, count);
    let values = 0;
    for (let index = 0; index < count; index++) if (levels[index] === present) values++;
    pages.read(rows, values);
    if (values === count) return;
    this.values.spread(levels, present, rows, count, values);
    this.validity.clear(levels, present, rows, count, count - values);
  }
}

import type { ArrowData } from '../../../core/arrow-buffers';
import type { ChunkBytes } from './chunk-bytes';
import { LeafPages } from './leaf-pages';
import type { LeafValues } from './leaf-values';
import type { ColumnDecoder } from './column-decoder';
import { DamagedPage } from './page-errors';
import { VALUES_AT_ONCE, type PageMemory } from './page-memory';
import type { LeafShape, PageColumn } from './page-plan';
import { ValidityBits } from './validity-bits';
import { valuesOfLeaf } from './values-of-leaf';

/** A column with a list of values, or null, in each row. A list may go on in the next page, as the first version of pages allows. */
export class ListColumn implements ColumnDecoder {
  private readonly values: LeafValues;
  private readonly pages: LeafPages;
  private readonly present: number;
  private readonly lists = new ValidityBits();
  private readonly elementsValid = new ValidityBits();
  /** The list of row `index` begins at `places[index]` and ends at `places[index + 1]`. */
  private places = new Int32Array(VALUES_AT_ONCE + 1);
  private rows = 0;
  private elements = 0;
  /** Levels of the page that were read, of which those before `next` are done. */
  private readonly definitions = new Int32Array(VALUES_AT_ONCE);
  private readonly repetitions = new Int32Array(VALUES_AT_ONCE);
  private next = 0;
  private read = 0;
  /** Definition levels of what is an element. */
  private readonly ofElements: Int32Array;

  constructor(
    memory: PageMemory,
    shape: LeafShape,
    private readonly levels: NonNullable<PageColumn['list']>,
  ) {
    this.values = valuesOfLeaf(shape);
    this.present = shape.present;
    this.ofElements = memory.levels;
    const most = { maxDefinition: shape.present, maxRepetition: 1 };
    this.pages = new LeafPages(memory, most, this.values, shape);
  }

  open(chunk: ChunkBytes, codec: number, values: number): void {
    this.pages.open(chunk, codec, values);
    this.next = this.read = 0;
  }

  begin(): void {
    this.values.begin();
    this.lists.begin();
    this.elementsValid.begin();
    this.rows = this.elements = 0;
  }

  advance(rows: number): boolean {
    for (;;) {
      if (this.next < this.read) {
        // Only the beginning of another row says that this one has ended.
        if (this.append(rows)) return true;
      } else if (this.pages.left > 0) this.readLevels();
      else if (!this.pages.isLast) return false;
      else if (this.rows < rows) throw new DamagedPage('fewer rows than the footer says');
      else return true;
    }
  }

  async nextPage(): Promise<void> {
    await this.pages.nextPage();
  }

  data(): ArrowData {
    const { rows, elements } = this;
    this.places[rows] = elements;
    const child: ArrowData = {
      length: elements,
      offset: 0,
      children: [],
      ...this.elementsValid.of(elements),
      ...this.values.buffers(elements),
    };
    const valueOffsets = this.places.subarray(0, rows + 1);
    return { length: rows, offset: 0, children: [child], valueOffsets, ...this.lists.of(rows) };
  }

  bytes(): number {
    return this.values.bytes(this.elements) + 4 * this.rows;
  }

  async finish(): Promise<void> {
    if (this.next < this.read) throw new DamagedPage('more rows than the footer says');
    await this.pages.finish();
  }

  close(): void {
    this.pages.close();
  }

  private readLevels(): void {
    const { pages } = this;
    const count = Math.min(pages.left, VALUES_AT_ONCE);
    pages.repetitions.read(this.repetitions, 0, count);
    pages.definitions.read(this.definitions, 0, count);
    pages.left -= count;
    this.next = 0;
    this.read = count;
  }

  /** Returns whether a row begins that the batch has no more room for. */
  private append(rows: number): boolean {
    const { definitions, repetitions, ofElements, levels, present } = this;
    if (this.places.length <= rows) this.growPlaces(rows);
    const { places } = this;
    let elements = 0;
    let values = 0;
    let isFull = false;
    let at = this.next;
    for (; at < this.read; at++) {
      const definition = definitions[at] ?? 0;
      if (repetitions[at] === 0) {
        isFull = this.rows === rows;
        if (isFull) break;
        places[this.rows] = this.elements + elements;
        if (definition < levels.present) this.lists.clearOne(this.rows);
        this.rows++;
      } else if (this.rows === 0) throw new DamagedPage('a list that goes on where none has begun');
      if (definition < levels.element) continue;
      if (definition > present) throw new DamagedPage(`a definition level of ${definition}`);
      ofElements[elements++] = definition;
      if (definition === present) values++;
    }
    this.next = at;
    this.readValues(elements, values);
    return isFull;
  }

  private readValues(elements: number, values: number): void {
    const { ofElements, present, elements: start } = this;
    this.pages.read(start, values);
    if (values < elements) {
      this.values.spread(ofElements, present, start, elements, values);
      this.elementsValid.clear(ofElements, present, start, elements, elements - values);
    }
    this.elements += elements;
  }

  private growPlaces(rows: number): void {
    const before = this.places;
    this.places = new Int32Array(2 * rows + 1);
    this.places.set(before);
  }
}

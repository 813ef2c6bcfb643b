import { MAX_FIELDS } from './csv-record';

/** Places of fields before a record had more: with room for all from the start, twenty thousand small files would take 15 GB of memory, one after another. */
const INITIAL_FIELDS = 64;

/** Where the fields of one record are in its buffer, and what they are. */
export class CsvFields {
  starts = new Int32Array(INITIAL_FIELDS);
  ends = new Int32Array(INITIAL_FIELDS);
  flags = new Uint8Array(INITIAL_FIELDS);

  /** `index`: below `MAX_FIELDS`. */
  set(index: number, start: number, end: number, flags: number): void {
    if (index === this.starts.length) this.grow();
    this.starts[index] = start;
    this.ends[index] = end;
    this.flags[index] = flags;
  }

  /** After the buffer forgot its first `bytes`: the places of the first `count` fields. */
  moveToFront(count: number, bytes: number): void {
    for (let index = count - 1; index >= 0; index--) {
      this.starts[index] = (this.starts[index] ?? 0) - bytes;
      this.ends[index] = (this.ends[index] ?? 0) - bytes;
    }
  }

  private grow(): void {
    const length = Math.min(2 * this.starts.length, MAX_FIELDS);
    const { starts, ends, flags } = this;
    this.starts = new Int32Array(length);
    this.ends = new Int32Array(length);
    this.flags = new Uint8Array(length);
    this.starts.set(starts);
    this.ends.set(ends);
    this.flags.set(flags);
  }
}

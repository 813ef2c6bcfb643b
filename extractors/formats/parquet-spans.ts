import type { FileContent } from './format-reader';
import type { ParquetFooter } from './parquet-footer';

/** Bytes between two column chunks that are rather read than asked around: on an object store a request costs as much waiting as these bytes. */
const MAX_GAP_BYTES = 512 * 1024;

/** Column chunks are read together up to so many bytes; more are worth requests of their own, and would be kept in memory twice. */
const MAX_SPAN_BYTES = 4 * 1024 * 1024;

/** Bytes `start` (inclusive) to `end` (exclusive) of a file. */
type Span = readonly [start: number, end: number];

/** Spans that are read at once instead of the places in them, which are in any order. Only those of more than one place. */
export function spansOf(places: readonly Span[]): Span[] {
  const spans: { start: number; end: number; places: number }[] = [];
  for (const [start, end] of [...places].sort((a, b) => a[0] - b[0])) {
    const last = spans.at(-1);
    const joins =
      last !== undefined && start - last.end <= MAX_GAP_BYTES && end - last.start <= MAX_SPAN_BYTES;
    if (joins) {
      last.end = Math.max(last.end, end);
      last.places++;
    } else spans.push({ start, end, places: 1 });
  }
  return spans.filter((span) => span.places > 1).map(({ start, end }) => [start, end]);
}

/** The bytes of a row group's columns, small neighbours fetched together: a decoder asks for one column after the other. */
export class ParquetSpans {
  private spans: readonly Span[] = [];
  private fetched: { readonly span: Span; readonly content: Promise<Uint8Array> } | undefined;

  constructor(
    private readonly file: FileContent,
    private readonly footer: ParquetFooter,
    private readonly signal: AbortSignal,
  ) {}

  /** These columns of the row group are asked for next. */
  expect(rowGroup: number, names: readonly string[]): void {
    const chunks = this.footer.rowGroups[rowGroup]?.chunks ?? [];
    const wanted = new Set(names);
    const places = this.footer.columns
      .filter(({ name }) => wanted.has(name))
      .flatMap(({ firstLeaf, lastLeaf }) => chunks.slice(firstLeaf, lastLeaf))
      .map(({ start, bytes }): Span => [start, start + bytes]);
    this.spans = spansOf(places);
    this.fetched = undefined;
  }

  /** The bytes, where they are fetched with others; undefined: they are not. */
  async find(start: number, end: number): Promise<Uint8Array | undefined> {
    const span = this.spans.find(([from, to]) => from <= start && end <= to && to - from > end - start);
    if (span === undefined) return undefined;
    if (this.fetched?.span !== span) {
      this.fetched = { span, content: this.file.slice(span[0], span[1], this.signal) };
    }
    const content = await this.fetched.content;
    return content.subarray(start - span[0], end - span[0]);
  }
}

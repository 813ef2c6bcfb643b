import { csvEncoding, HEAD_BYTES, type CsvEncoding, type CsvSettings } from './csv-dialect';
import { CsvTokenizer } from './csv-parser';
import type { CsvRecord } from './csv-record';
import { CsvTranscoder } from './csv-transcoder';

/** Source bytes to records: decides the encoding by the first bytes, then feeds transcoder and tokenizer. */
export class CsvScanner {
  /** Source bytes fed so far. */
  bytes = 0;
  private head = Buffer.alloc(0);
  private open: { tokenizer: CsvTokenizer; transcoder: CsvTranscoder | undefined } | undefined;

  /** `encoding`: of a file whose beginning was seen before, for pieces from elsewhere in it. */
  constructor(
    private readonly settings: CsvSettings,
    private readonly onRecord: (record: CsvRecord) => void,
    public encoding?: CsvEncoding,
  ) {}

  /** Throws what `CsvTokenizer.feed` throws. */
  feed(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.open === undefined) {
      this.head = Buffer.concat([this.head, piece]);
      if (this.head.length < HEAD_BYTES) return;
      this.feedOpen(this.start(), this.head);
    } else this.feedOpen(this.open, piece);
  }

  /** Throws FORMAT_INVALID when a quote is still open. */
  end(): void {
    let { open } = this;
    if (open === undefined) {
      open = this.start();
      this.feedOpen(open, this.head);
    }
    if (open.transcoder !== undefined) open.tokenizer.feed(open.transcoder.end());
    open.tokenizer.end();
  }

  private start(): { tokenizer: CsvTokenizer; transcoder: CsvTranscoder | undefined } {
    this.encoding ??= csvEncoding(this.settings, this.head);
    const { dialect, transcode } = this.encoding;
    this.open = {
      tokenizer: new CsvTokenizer(dialect, this.onRecord),
      transcoder: transcode === undefined ? undefined : new CsvTranscoder(transcode),
    };
    return this.open;
  }

  private feedOpen(
    open: { tokenizer: CsvTokenizer; transcoder: CsvTranscoder | undefined },
    piece: Uint8Array,
  ): void {
    open.tokenizer.feed(open.transcoder === undefined ? piece : open.transcoder.write(piece));
  }
}

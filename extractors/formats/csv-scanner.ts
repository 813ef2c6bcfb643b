import { csvEncoding, type CsvEncoding, type CsvSettings } from './csv-dialect';
import { CsvTokenizer } from './csv-parser';
import type { CsvRecord } from './csv-record';
import { CsvTranscoder } from './csv-transcoder';
import { HEAD_BYTES } from './text-encoding';

/** Where a scan begins that does not begin with the file: at a record. */
export interface CsvStart {
  /** As `csvEncoding` decided it by the beginning of the file. */
  readonly encoding: CsvEncoding;
  /** The line on which the record begins, from 1. */
  readonly line: number;
}

/** Source bytes to records: decides the encoding by the first bytes, then feeds transcoder and tokenizer. */
export class CsvScanner {
  /** Source bytes fed so far. */
  bytes = 0;
  private head = Buffer.alloc(0);
  private opened: { tokenizer: CsvTokenizer; transcoder: CsvTranscoder | undefined } | undefined;

  /** How the file is encoded; undefined: not enough of it was fed to say. */
  encoding: CsvEncoding | undefined;

  constructor(
    private readonly settings: CsvSettings,
    private readonly onRecord: (record: CsvRecord) => void,
    private readonly from?: CsvStart,
  ) {
    this.encoding = from?.encoding;
  }

  /** The name of the encoding, for people. */
  get encodingName(): string {
    return this.encoding?.transcode ?? this.encoding?.dialect.encoding ?? 'utf-8';
  }

  /** The records since the last `feed`, as they are in the file; undefined: nothing has been scanned yet. */
  get open(): Pick<CsvTokenizer, 'found' | 'dialect'> | undefined {
    return this.opened?.tokenizer;
  }

  /** Whether what was fed ends where a record does, with its line end. */
  get isBetweenRecords(): boolean {
    return this.opened === undefined ? this.head.length === 0 : this.opened.tokenizer.isBetweenRecords;
  }

  /** Throws what `CsvTokenizer.feed` throws. */
  feed(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.opened === undefined) {
      this.head = Buffer.concat([this.head, piece]);
      if (this.head.length < HEAD_BYTES && this.from === undefined) return;
      this.feedOpen(this.start(), this.head);
    } else this.feedOpen(this.opened, piece);
  }

  /** Throws FORMAT_INVALID when a quote is still open. */
  end(): void {
    let { opened: open } = this;
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
    this.opened = {
      tokenizer: new CsvTokenizer(
        dialect,
        this.onRecord,
        this.from === undefined ? {} : { firstLine: this.from.line },
      ),
      transcoder: transcode === undefined ? undefined : new CsvTranscoder(transcode),
    };
    return this.opened;
  }

  private feedOpen(
    open: { tokenizer: CsvTokenizer; transcoder: CsvTranscoder | undefined },
    piece: Uint8Array,
  ): void {
    open.tokenizer.feed(open.transcoder === undefined ? piece : open.transcoder.write(piece));
  }
}

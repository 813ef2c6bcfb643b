import type { GcsBucket, ObjectUpload } from '../../core/clients/gcs-bucket';
import type { StagingFormat } from '../../core/encoding';
import type { Part } from '../../core/manifest';
import { neverAborts } from '../../core/never-aborts';

/** How the parts of one attempt are named and written. */
export interface PartSettings {
  readonly bucket: GcsBucket;
  readonly nameOf: (number: number) => string;
  readonly format: StagingFormat;
  /** What every part begins with. */
  readonly header: Uint8Array;
  /** A part ends with the block that makes it so long, in bytes. */
  readonly maxBytes: number;
}

const CONTENT_TYPES: Readonly<Record<StagingFormat, string>> = {
  avro: 'application/octet-stream',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

/** Writes blocks to one object after another. Nothing is begun before there are rows for it: no part is empty. */
export class PartWriter {
  readonly parts: Part[] = [];
  private upload: ObjectUpload | undefined;
  private name = '';
  private rows = 0;
  /** Names that are objects, or may have become one. */
  private readonly ended: string[] = [];

  constructor(private readonly settings: PartSettings) {}

  async write(block: Uint8Array, rows: number, signal: AbortSignal): Promise<void> {
    if (block.length === 0) return;
    const upload = this.upload ?? (await this.begin(signal));
    await upload.write(block);
    this.rows += rows;
    if (upload.bytes >= this.settings.maxBytes) await this.close();
  }

  /** Ends the part that is being written, if any. */
  async close(): Promise<void> {
    const { upload } = this;
    if (upload === undefined) return;
    this.ended.push(this.name);
    const { bytes, crc32c } = await upload.finish();
    this.upload = undefined;
    const uri = `gs://${this.settings.bucket.name}/${this.name}`;
    this.parts.push({ uri, rows: this.rows, bytes, crc32c });
  }

  /** Removes everything that was written, as far as that is easy. Never throws: what stays is an orphan that a sweep removes. */
  async discard(): Promise<void> {
    const { upload } = this;
    this.upload = undefined;
    await upload?.abort();
    // The stage's own signal may have aborted, which is why there is something to discard; the bucket's retries are bounded.
    try {
      for (const name of this.ended) await this.settings.bucket.delete(name, neverAborts());
    } catch {
      // Where one cannot be deleted, waiting for the others would only keep the unit from being tried again.
    }
  }

  private async begin(signal: AbortSignal): Promise<ObjectUpload> {
    const { bucket, nameOf, format, header } = this.settings;
    this.name = nameOf(this.parts.length);
    const upload = bucket.startUpload(this.name, CONTENT_TYPES[format], signal);
    this.upload = upload;
    this.rows = 0;
    if (header.length > 0) await upload.write(header);
    return upload;
  }
}

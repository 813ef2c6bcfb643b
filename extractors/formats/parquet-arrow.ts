import { BeamliftError } from '../../core/errors';
import type { ArrowBatch } from './arrow-rows';
import { arrowLayout, type ArrowField } from './arrow-schema';
import type { FileContent } from './format-reader';
import { ParquetDecoder } from './parquet-decoder';
import type { ParquetFooter } from './parquet-footer';
import type { OpenColumn } from './parquet-rows';
import type { DecoderThreads } from './parquet-threads';

/** A file as the decoder that is made of Rust's Arrow has it. */
export interface OpenArrow {
  readonly decoder: ParquetDecoder;
  readonly columns: readonly OpenColumn[];
  readonly tableFromIPC: (stream: Uint8Array) => { readonly batches: readonly ArrowBatch[] };
}

/** Decodes a file with Rust's Arrow, which reads whatever there is, in a thread that begins at first use. `close` is the caller's. */
export class ArrowDecoding {
  private opened: Promise<OpenArrow> | undefined;

  constructor(
    private readonly threads: DecoderThreads,
    private readonly file: FileContent,
    private readonly footer: ParquetFooter,
    private readonly signal: AbortSignal,
  ) {}

  /** Throws FORMAT_INVALID, and TYPE_UNSUPPORTED for a column of a type that is not read. */
  async open(): Promise<OpenArrow> {
    return await (this.opened ??= this.openFile());
  }

  /** A decoder of its own for the same file, which is the caller's to close. */
  another(): ParquetDecoder {
    return new ParquetDecoder(this.threads, this.file, this.footer, this.signal);
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => undefined);
    await opened?.decoder.close();
  }

  private async openFile(): Promise<OpenArrow> {
    const { tableFromIPC } = await import('apache-arrow');
    const decoder = this.another();
    try {
      const fields = tableFromIPC(await decoder.open()).schema.fields as readonly ArrowField[];
      return {
        decoder,
        columns: fields.map((field, index) => this.column(fields, field, index)),
        tableFromIPC,
      };
    } catch (error) {
      await decoder.close();
      throw error;
    }
  }

  private column(fields: readonly ArrowField[], field: ArrowField, index: number): OpenColumn {
    const { file, footer } = this;
    const column = footer.columns[index];
    if (column?.name !== field.name || fields.length !== footer.columns.length) {
      throw new BeamliftError('FORMAT_INVALID', {
        what: 'The footer of the Parquet file can be read in two ways.',
        where: { object: file.uri, column: field.name },
        hint: 'The file is damaged or was badly written; write it again at its source.',
      });
    }
    const { firstLeaf, lastLeaf, nativeType } = column;
    const annotations = footer.leaves.slice(firstLeaf, lastLeaf).map((leaf) => leaf.annotation);
    const layout = arrowLayout({ object: file.uri, column: field.name }, field.type, annotations);
    return { name: field.name, nullable: field.nullable, layout, nativeType, firstLeaf, lastLeaf };
  }
}

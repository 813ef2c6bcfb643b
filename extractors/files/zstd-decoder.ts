import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { MAX_BLOCK_BYTES, type FrameHeader } from './zstd-frame';
import { Xxhash64 } from './xxhash64';

/** Decompresses one frame: its header, its blocks one by one, its end. Every method throws where the frame is damaged. */
export interface ZstdDecoder {
  /** `stored`: with its header. What it becomes is at most some `MAX_BLOCK_BYTES`. */
  block(stored: Buffer): Promise<readonly Uint8Array[]>;
  /** The rest. `checksum`: as it is stored; of length 0 where the frame has none. */
  end(checksum: Buffer): Promise<readonly Uint8Array[]>;
  close(): void;
}

/** Makes a decoder of a frame. `stored`: its header as it is in the file. */
export type MakeZstdDecoder = (header: FrameHeader, stored: Buffer) => ZstdDecoder;

/** What `node:zlib` has from Node.js 22.15 on; the types in use are those of the oldest version that is supported. */
interface ZstdOfNode {
  readonly createZstdDecompress?: (options: {
    chunkSize: number;
    params: Record<number, number>;
  }) => Transform;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
}

/** Decoders of Node.js, for windows up to 2 ** `windowLog` bytes; undefined: this version has none. */
export function nodeZstdDecoder(windowLog: number): MakeZstdDecoder | undefined {
  const { createZstdDecompress, constants } = zlib as unknown as ZstdOfNode;
  const { ZSTD_d_windowLogMax: windowLogMax } = constants;
  if (createZstdDecompress === undefined || windowLogMax === undefined) return undefined;
  return (_header, stored) =>
    new NodeDecoder(
      createZstdDecompress({ chunkSize: MAX_BLOCK_BYTES, params: { [windowLogMax]: windowLog } }),
      stored,
    );
}

/** Decoders of a library in JavaScript, which leaves checksums and sizes to us. */
export function libraryZstdDecoder(header: FrameHeader, stored: Buffer): ZstdDecoder {
  return new LibraryDecoder(header, stored);
}

class LibraryDecoder implements ZstdDecoder {
  private pieces: Uint8Array[] = [];
  private readonly engine = new Decompress((piece) => this.pieces.push(piece));
  private readonly checksum: Xxhash64 | undefined;
  private produced = 0;

  constructor(
    private readonly header: FrameHeader,
    stored: Buffer,
  ) {
    this.checksum = header.hasChecksum ? new Xxhash64() : undefined;
    this.engine.push(stored);
  }

  block(stored: Buffer): Promise<readonly Uint8Array[]> {
    this.engine.push(stored);
    return Promise.resolve(this.taken());
  }

  end(checksum: Buffer): Promise<readonly Uint8Array[]> {
    // The library keeps what is shorter than the longest header until it is told that nothing comes behind it.
    this.engine.push(checksum, true);
    const pieces = this.taken();
    const { contentBytes } = this.header;
    if (contentBytes !== undefined && contentBytes !== this.produced) {
      throw new Error(`${this.produced} bytes where its header says ${contentBytes}`);
    }
    if (this.checksum !== undefined && this.checksum.low() !== checksum.readUInt32LE(0)) {
      throw new Error('its checksum is another');
    }
    return Promise.resolve(pieces);
  }

  close(): void {
    this.pieces = [];
  }

  private taken(): readonly Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    for (const piece of pieces) {
      this.produced += piece.length;
      this.checksum?.update(piece);
    }
    return pieces;
  }
}

class NodeDecoder implements ZstdDecoder {
  private pieces: Uint8Array[] = [];
  private readonly ended: Promise<void>;
  private readonly begun: Promise<void>;
  /** Ends a write in vain: an engine that fails forgets the callback of its write. */
  private interrupt: ((error: unknown) => void) | undefined;

  constructor(
    private readonly engine: Transform,
    stored: Buffer,
  ) {
    engine.on('data', (piece: Uint8Array) => this.pieces.push(piece));
    this.ended = finished(engine);
    this.ended.catch((error: unknown) => this.interrupt?.(error));
    this.begun = this.write(stored);
    this.begun.catch(() => undefined);
  }

  async block(stored: Buffer): Promise<readonly Uint8Array[]> {
    await this.begun;
    await this.write(stored);
    return this.taken();
  }

  async end(checksum: Buffer): Promise<readonly Uint8Array[]> {
    if (checksum.length > 0) await this.write(checksum);
    this.engine.end();
    await this.ended;
    return this.taken();
  }

  close(): void {
    this.engine.destroy();
  }

  private write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.interrupt = reject;
      this.engine.write(bytes, (error) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  }

  private taken(): readonly Uint8Array[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }
}

import {
  PHYSICAL,
  readSchemaElement,
  SchemaTree,
  type Edit,
  type ParquetColumn,
  type ParquetLeaf,
  type SchemaElement,
} from './parquet-schema';
import { ThriftCursor, ThriftError, THRIFT, thriftSmallInteger, thriftText } from './parquet-thrift';

export interface ParquetChunk {
  /** Where its bytes begin in the file. */
  readonly start: number;
  /** In the file. */
  readonly bytes: number;
  /** Bytes of its values, as far as the footer tells. */
  readonly decodedBytes: number;
  /** Values may have more bytes than that: they differ in length and stand in a dictionary. */
  readonly hidden: boolean;
  /** Numbers of the format's parquet.thrift. */
  readonly codec: number;
  readonly encodings: readonly number[];
  /** With the nulls. */
  readonly values: number;
}

export interface ParquetRowGroup {
  readonly rows: number;
  /** By leaf. */
  readonly chunks: readonly ParquetChunk[];
}

export interface ParquetMetadata {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  readonly leaves: readonly ParquetLeaf[];
  readonly rowGroups: readonly ParquetRowGroup[];
  readonly createdBy: string | undefined;
}

/** Number of the LZO codec in parquet.thrift: patented once, and no reader of today has it. */
const CODEC_LZO = 3;

/** The largest number of a codec that there is: LZ4_RAW. */
const LAST_CODEC = 7;

/** What a value of unknown length takes at least once it is decoded, in bytes. */
const MIN_VALUE_BYTES = 8;

/** The writer's Arrow schema. Hidden from the decoder, so that what is read depends on the Parquet schema alone, as for every other reader. */
const ARROW_SCHEMA_KEY = 'ARROW:schema';

/**
 * Parses FileMetaData and checks that it agrees with itself: `dataEnd` is where the data of the file ends.
 * `rewritten` is the same footer with INT96 and INTERVAL leaves declared as plain 12 byte values, ENUM as text, and without the Arrow schema.
 * Throws ThriftError.
 */
export function parseFileMetadata(
  footer: Uint8Array,
  dataEnd: number,
): { metadata: ParquetMetadata; rewritten: Uint8Array } {
  const cursor = new ThriftCursor(footer);
  const edits: Edit[] = [];
  const elements: SchemaElement[] = [];
  const rowGroups: ParquetRowGroup[] = [];
  const found: { tree?: SchemaTree; rows?: number; createdBy?: string } = {};
  cursor.struct((id, type) => {
    if (id === 2 && type === THRIFT.list) {
      cursor.list(THRIFT.struct, () => elements.push(readSchemaElement(cursor, footer, edits)));
      found.tree = new SchemaTree(elements);
    } else if (id === 3 && type === THRIFT.i64) found.rows = cursor.integer();
    else if (id === 4 && type === THRIFT.list) {
      const leaves = found.tree?.leaves ?? [];
      const start = cursor.position;
      cursor.list(THRIFT.struct, (index) => {
        rowGroups.push(readRowGroup(cursor, index, leaves, dataEnd, edits));
      });
      // Some writers give an empty list another type, which the decoder takes for damage.
      if (rowGroups.length === 0) edits.push({ start, end: cursor.position, bytes: [THRIFT.struct] });
    } else if (id === 5 && type === THRIFT.list) {
      cursor.list(THRIFT.struct, () => hideArrowSchema(cursor, footer, edits));
    } else if (id === 6 && type === THRIFT.binary) found.createdBy = thriftText(cursor.binary());
    else if (id === 8) throw new ThriftError('encrypted columns, and keys are not supported');
    else return false;
    return true;
  });
  const { tree, rows } = found;
  if (tree === undefined) throw new ThriftError('no schema');
  if (rows === undefined) throw new ThriftError('no row count');
  const sum = rowGroups.reduce((total, group) => total + group.rows, 0);
  if (sum !== rows) throw new ThriftError(`a row count of ${rows}, but its row groups have ${sum} rows`);
  const { columns, leaves } = tree;
  const metadata = { rows, columns, leaves, rowGroups, createdBy: found.createdBy };
  return { metadata, rewritten: applyEdits(footer, edits) };
}

function readRowGroup(
  cursor: ThriftCursor,
  index: number,
  leaves: readonly ParquetLeaf[],
  dataEnd: number,
  edits: Edit[],
): ParquetRowGroup {
  const chunks: ColumnChunk[] = [];
  let rows = -1;
  cursor.struct((id, type) => {
    if (id === 1 && type === THRIFT.list) {
      cursor.list(THRIFT.struct, (column) => {
        const leaf = leaves[column];
        if (leaf === undefined)
          throw new ThriftError(`more column chunks than columns in row group ${index}`);
        chunks.push(readColumnChunk(cursor, leaf, dataEnd, edits));
      });
    } else if (id === 3 && type === THRIFT.i64) rows = cursor.integer();
    else return false;
    return true;
  });
  if (rows < 0) throw new ThriftError(`no row count for row group ${index}`);
  if (chunks.length !== leaves.length) {
    throw new ThriftError(
      `${chunks.length} column chunks in row group ${index}, and the schema has ${leaves.length} columns`,
    );
  }
  leaves.forEach((leaf, column) => {
    const values = chunks[column]?.values ?? 0;
    if (values === rows || (leaf.repeated && values > rows)) return;
    throw new ThriftError(
      `${rows} rows in row group ${index}, and ${values} values of column ${JSON.stringify(leaf.path)}`,
    );
  });
  return { rows, chunks };
}

type ColumnChunk = { -readonly [Field in keyof ParquetChunk]: ParquetChunk[Field] };

function readColumnChunk(
  cursor: ThriftCursor,
  leaf: ParquetLeaf,
  dataEnd: number,
  edits: Edit[],
): ColumnChunk {
  const encodings: number[] = [];
  const chunk: ColumnChunk = {
    start: 0,
    values: -1,
    bytes: -1,
    decodedBytes: -1,
    hidden: false,
    codec: 0,
    encodings,
  };
  let dataPage = -1;
  let dictionaryPage = 0;
  let textBytes = 0;
  const fail = (why: string): never => {
    throw new ThriftError(`${why} for column ${JSON.stringify(leaf.path)}`);
  };
  const checkCodec = (codec: number): void => {
    if (codec === CODEC_LZO) fail('LZO compression, which is not supported,');
    if (codec < 0 || codec > LAST_CODEC) fail(`compression number ${codec}, which is not known,`);
  };
  const readMetadata = (id: number, type: number): boolean => {
    if (id === 16 && type === THRIFT.struct) {
      textBytes = readTextBytes(cursor);
      return true;
    }
    if (id === 2 && type === THRIFT.list) {
      cursor.list(THRIFT.i32, () => encodings.push(cursor.integer()));
      return true;
    }
    if (type !== THRIFT.i32 && type !== THRIFT.i64) return false;
    const start = cursor.position;
    const value = cursor.integer();
    if (id === 1 && leaf.annotation === 'int96') {
      edits.push({ start, end: cursor.position, bytes: [thriftSmallInteger(PHYSICAL.fixed)] });
    } else if (id === 4) {
      checkCodec(value);
      chunk.codec = value;
    } else if (id === 5) chunk.values = value;
    else if (id === 6) chunk.decodedBytes = value;
    else if (id === 7) chunk.bytes = value;
    else if (id === 9) dataPage = value;
    else if (id === 11) dictionaryPage = value;
    return true;
  };
  cursor.struct((id, type) => {
    if (id === 1 && type === THRIFT.binary) fail('data in another file');
    if (id === 8) fail('encryption');
    if (id !== 3 || type !== THRIFT.struct) return false;
    cursor.struct(readMetadata);
    return true;
  });
  if (chunk.values < 0 || chunk.bytes < 0 || chunk.decodedBytes < 0 || dataPage < 0)
    fail('no place of the data');
  // Some writers leave 0 for "no dictionary".
  chunk.hidden = leaf.width === undefined && dictionaryPage > 0 && textBytes === 0;
  chunk.decodedBytes = Math.max(
    chunk.decodedBytes,
    textBytes,
    chunk.values * (leaf.width ?? MIN_VALUE_BYTES),
  );
  const begin = dictionaryPage > 0 ? Math.min(dictionaryPage, dataPage) : dataPage;
  if (begin + chunk.bytes > dataEnd)
    fail(`data at ${begin} to ${begin + chunk.bytes}, behind its end at ${dataEnd},`);
  chunk.start = begin;
  return chunk;
}

/** SizeStatistics, which newer writers have: bytes of all texts of the chunk as if there were no dictionary; 0: not told. */
function readTextBytes(cursor: ThriftCursor): number {
  let bytes = 0;
  cursor.struct((id, type) => {
    if (id !== 1 || type !== THRIFT.i64) return false;
    bytes = cursor.integer();
    return true;
  });
  return bytes;
}

function hideArrowSchema(cursor: ThriftCursor, footer: Uint8Array, edits: Edit[]): void {
  cursor.struct((id, type) => {
    if (id !== 1 || type !== THRIFT.binary) return false;
    const key = cursor.binary();
    if (thriftText(key) !== ARROW_SCHEMA_KEY) return true;
    const start = key.byteOffset - footer.byteOffset;
    edits.push({ start, end: start + key.length, bytes: [...Buffer.from('-'.repeat(key.length))] });
    return true;
  });
}

/** Edits are in the order of the footer and do not overlap. */
function applyEdits(footer: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const edit of edits) {
    pieces.push(footer.subarray(position, edit.start), Uint8Array.from(edit.bytes));
    position = edit.end;
  }
  pieces.push(footer.subarray(position));
  return Buffer.concat(pieces);
}

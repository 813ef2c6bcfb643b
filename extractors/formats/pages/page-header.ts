import { ThriftCursor, THRIFT } from '../parquet-thrift';
import { DamagedPage } from './page-errors';

/** Numbers of the enumeration PageType of the format's parquet.thrift. */
export const PAGE = { data: 0, index: 1, dictionary: 2, dataV2: 3 } as const;

/** What stands before a page. */
export interface PageHeader {
  readonly type: number;
  /** Of the page in the file, without its header. */
  readonly compressedBytes: number;
  readonly bytes: number;
  /** With the nulls. */
  readonly values: number;
  readonly encoding: number;
  /** Of levels; RLE in all pages of the second version. */
  readonly levelEncodings: { readonly definition: number; readonly repetition: number };
  /** Of the second version: bytes of levels, which are not compressed. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  readonly isCompressed: boolean;
  /** Where the page begins. */
  readonly headerBytes: number;
}

const RLE = 3;

/** Reads the header of a page. Throws ThriftError where the bytes end too early or are none, and DamagedPage. */
export function readPageHeader(bytes: Uint8Array): PageHeader {
  const cursor = new ThriftCursor(bytes);
  const header = {
    type: -1,
    compressedBytes: -1,
    bytes: -1,
    values: 0,
    encoding: -1,
    levelEncodings: { definition: RLE, repetition: RLE },
    definitionBytes: 0,
    repetitionBytes: 0,
    isCompressed: true,
    headerBytes: 0,
  };
  const readData = (id: number, type: number): boolean => {
    if (type !== THRIFT.i32) return false;
    const value = cursor.integer();
    if (id === 1) header.values = value;
    else if (id === 2) header.encoding = value;
    else if (id === 3) header.levelEncodings.definition = value;
    else if (id === 4) header.levelEncodings.repetition = value;
    return true;
  };
  const readDataV2 = (id: number, type: number): boolean => {
    if (id === 7 && type === THRIFT.false) header.isCompressed = false;
    if (type !== THRIFT.i32) return false;
    const value = cursor.integer();
    if (id === 1) header.values = value;
    else if (id === 4) header.encoding = value;
    else if (id === 5) header.definitionBytes = value;
    else if (id === 6) header.repetitionBytes = value;
    return true;
  };
  cursor.struct((id, type) => {
    if (type === THRIFT.i32) {
      const value = cursor.integer();
      if (id === 1) header.type = value;
      else if (id === 2) header.bytes = value;
      else if (id === 3) header.compressedBytes = value;
    } else if (type === THRIFT.struct && (id === 5 || id === 7)) cursor.struct(readData);
    else if (type === THRIFT.struct && id === 8) cursor.struct(readDataV2);
    else return false;
    return true;
  });
  header.headerBytes = cursor.position;
  check(header);
  return header;
}

function check({ type, bytes, compressedBytes, values, ...levels }: PageHeader): void {
  if (type < 0 || type > PAGE.dataV2) throw new DamagedPage(`a page of type ${type}`);
  if (bytes < 0 || compressedBytes < 0 || values < 0)
    throw new DamagedPage('a page header with a size below zero');
  const { definitionBytes, repetitionBytes } = levels;
  const levelBytes = definitionBytes + repetitionBytes;
  if (Math.min(definitionBytes, repetitionBytes) < 0 || levelBytes > Math.min(bytes, compressedBytes))
    throw new DamagedPage(`a page of ${compressedBytes} bytes with ${levelBytes} bytes of levels`);
}

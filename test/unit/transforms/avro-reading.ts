import { crc32 } from 'node:zlib';
import { streams, Type, types } from 'avsc';
import { snappyUncompress } from 'hyparquet';
import type { Cell, Row } from '../../../core/cells';
import type { ColumnType, TableSchema } from '../../../core/schema';

/** Longs as bigints, so that 64 bits are read whole. */
const long = types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
});

function isLong(schema: unknown): boolean {
  return (
    schema === 'long' ||
    (typeof schema === 'object' &&
      schema !== null &&
      'logicalType' in schema &&
      'type' in schema &&
      schema.type === 'long')
  );
}

/** What avsc itself has, and snappy by another decoder than the encoder's; its checksum is the codec's to check. */
const codecs = {
  ...streams.BlockDecoder.defaultCodecs(),
  snappy: (block: Buffer, done: (error: Error | null, bytes?: Buffer) => void): void => {
    try {
      const plain = Buffer.from(snappyAlone(block.subarray(0, -4)));
      if (crc32(plain) !== block.readUInt32BE(block.length - 4)) throw new Error('wrong checksum');
      done(null, plain);
    } catch (error) {
      done(error as Error);
    }
  },
};

/** The length before compression is the varint at the start. */
function snappyAlone(bytes: Uint8Array): Uint8Array {
  let length = 0;
  let shift = 0;
  for (const byte of bytes) {
    length += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) break;
  }
  const output = new Uint8Array(length);
  if (length > 0) snappyUncompress(bytes, output);
  return output;
}

export interface ContainerReading {
  readonly schema: unknown;
  readonly codec: string;
  /** Rows of each block. */
  readonly blocks: readonly number[];
  readonly records: readonly Record<string, unknown>[];
}

/** Reads a whole container file with avsc. */
export function readContainer(file: Uint8Array): Promise<ContainerReading> {
  return new Promise((resolve, reject) => {
    let schema: unknown;
    let codec = '';
    const blocks: number[] = [];
    const records: Record<string, unknown>[] = [];
    const decoder = new streams.BlockDecoder({
      codecs,
      parseHook: (parsed) => {
        schema = parsed;
        return Type.forSchema(parsed, { typeHook: (of) => (isLong(of) ? long : undefined) });
      },
    });
    decoder.on('metadata', (_type: unknown, name: string) => (codec = name));
    decoder.on('block', (info: { valueCount: number }) => blocks.push(info.valueCount));
    decoder.on('data', (record: Record<string, unknown>) => records.push(record));
    decoder.on('error', (error: Error) => reject((error.cause as Error | undefined) ?? error));
    decoder.on('end', () => resolve({ schema, codec, blocks, records }));
    decoder.end(file);
  });
}

/** The rows that were read, as cells. */
export async function readRows(schema: TableSchema, file: Uint8Array): Promise<Row[]> {
  const { records } = await readContainer(file);
  return records.map((record) => cellsOf(schema.columns, record));
}

function cellsOf(
  fields: readonly { readonly name: string; readonly type: ColumnType }[],
  record: Record<string, unknown>,
): Cell[] {
  return fields.map(({ name, type }) => cellOf(type, record[name]));
}

function cellOf(type: ColumnType, value: unknown): Cell {
  if (value === null) return null;
  switch (type.kind) {
    case 'date':
      return BigInt(value as number);
    case 'decimal':
      return decimalOf(value as Buffer, type.scale ?? 0);
    case 'bytes':
      return Uint8Array.from(value as Buffer);
    case 'array':
      return (value as unknown[]).map((element) => cellOf(type.element, element));
    case 'struct':
      return cellsOf(type.fields, value as Record<string, unknown>);
    default:
      return value as Cell;
  }
}

/** Two's complement to text with all digits of the scale. */
function decimalOf(bytes: Buffer, scale: number): string {
  let unscaled = 0n;
  for (const byte of bytes) unscaled = unscaled * 256n + BigInt(byte);
  if ((bytes[0] ?? 0) > 127) unscaled -= 256n ** BigInt(bytes.length);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

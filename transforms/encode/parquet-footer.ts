import type { PlacedBlock } from '../../core/encoding';
import { LIST_GROUP, type Meaning, type ParquetLeaf, type ParquetNode } from './parquet-schema';
import { ThriftWriter } from './parquet-thrift';

/*
 * Numbers of fields and of constants: parquet.thrift of the format's specification (apache/parquet-format 2.11).
 */

export const PARQUET_MAGIC = Buffer.from('PAR1', 'latin1');
const VERSION = 2;
const REQUIRED = 0;
const OPTIONAL = 1;
const REPEATED = 2;
const PLAIN = 0;
const RLE = 3;
const DATA_PAGE = 0;
const UNCOMPRESSED = 0;

const TYPE_NUMBERS = {
  bool: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  decimal32: 1,
  decimal64: 2,
  decimal128: 7,
  date: 1,
  bytes: 6,
  uuid: 7,
  text: 6,
} as const;
const FIXED_BYTES = 16;

const CONVERTED_UTF8 = 0;
const CONVERTED_LIST = 3;
const CONVERTED_DECIMAL = 5;
const CONVERTED_DATE = 6;
/** Of 8, 16, 32 and 64 bits, by how often they double. */
const CONVERTED_UINT = 11;
const CONVERTED_INT = 15;
const CONVERTED_JSON = 19;

/** What stands in front of a page's levels and values; both have so many bytes in all. */
export function pageHeader(values: number, bytes: number): Uint8Array {
  const writer = new ThriftWriter();
  writer.record(() => {
    writer.int32(1, DATA_PAGE);
    writer.int32(2, bytes);
    writer.int32(3, bytes);
    writer.struct(5, () => {
      writer.int32(1, values);
      writer.int32(2, PLAIN);
      writer.int32(3, RLE);
      writer.int32(4, RLE);
    });
  });
  return writer.take();
}

/** What a file ends with whose row groups are `blocks`. The index of each has two numbers for each leaf: its values, nulls included, and its bytes with its page header. */
export function parquetFooter(
  nodes: readonly ParquetNode[],
  leaves: readonly ParquetLeaf[],
  blocks: readonly PlacedBlock[],
  createdBy: string,
): Uint8Array {
  const writer = new ThriftWriter();
  const elements: (() => void)[] = [
    () => {
      writer.text(4, 'schema');
      writer.int32(5, nodes.length);
    },
    ...nodes.flatMap((node) => schemaElements(node, writer)),
  ];
  writer.record(() => {
    writer.int32(1, VERSION);
    writer.list(2, 'struct', elements, (element) => {
      writer.record(element);
    });
    writer.int64(
      3,
      blocks.reduce((sum, block) => sum + block.rows, 0),
    );
    const chunks = leaves.map(chunkBegin);
    writer.list(4, 'struct', blocks, (block) => {
      writer.record(() => {
        writeRowGroup(block, chunks, writer);
      });
    });
    writer.text(6, createdBy);
  });
  const metadata = writer.take();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  return Buffer.concat([metadata, length, PARQUET_MAGIC]);
}

/** The last field of a chunk's metadata that is the same in all row groups. */
const CODEC_FIELD = 4;

/** The first fields of the metadata of a leaf's chunks. */
function chunkBegin(leaf: ParquetLeaf): Uint8Array {
  const writer = new ThriftWriter();
  writer.int32(1, TYPE_NUMBERS[leaf.form]);
  writer.list(2, 'int32', [PLAIN, RLE], (encoding) => {
    writer.int32Element(encoding);
  });
  writer.list(3, 'text', leaf.path, (name) => {
    writer.textElement(name);
  });
  writer.int32(CODEC_FIELD, UNCOMPRESSED);
  return writer.take();
}

/** `chunks`: what the metadata of each leaf begins with. */
function writeRowGroup(
  { start, rows, index }: PlacedBlock,
  chunks: readonly Uint8Array[],
  writer: ThriftWriter,
): void {
  let offset = start;
  writer.list(1, 'struct', chunks, (begin, number) => {
    const values = index[2 * number] ?? 0;
    const bytes = index[2 * number + 1] ?? 0;
    const from = offset;
    offset += bytes;
    writer.record(() => {
      writer.int64(2, 0);
      writer.struct(3, () => {
        writer.firstFields(begin, CODEC_FIELD);
        writer.int64(5, values);
        writer.int64(6, bytes);
        writer.int64(7, bytes);
        writer.int64(9, from);
      });
    });
  });
  writer.int64(2, offset - start);
  writer.int64(3, rows);
  writer.int64(5, start);
  writer.int64(6, offset - start);
}

/** The elements of a node and of what is below it, each in front of its children. */
function schemaElements(node: ParquetNode, writer: ThriftWriter): (() => void)[] {
  const repetition = node.optional ? OPTIONAL : REQUIRED;
  switch (node.kind) {
    case 'leaf':
      return [
        () => {
          writeLeafElement(node, repetition, writer);
        },
      ];
    case 'group':
      return [
        () => {
          writer.int32(3, repetition);
          writer.text(4, node.name);
          writer.int32(5, node.fields.length);
        },
        ...node.fields.flatMap((field) => schemaElements(field, writer)),
      ];
    case 'list':
      return [
        () => {
          writer.int32(3, repetition);
          writer.text(4, node.name);
          writer.int32(5, 1);
          writer.int32(6, CONVERTED_LIST);
          writer.struct(10, () => {
            writer.struct(3, () => undefined);
          });
        },
        () => {
          writer.int32(3, REPEATED);
          writer.text(4, LIST_GROUP);
          writer.int32(5, 1);
        },
        ...schemaElements(node.element, writer),
      ];
  }
}

function writeLeafElement(
  { form, name, meaning }: ParquetLeaf,
  repetition: number,
  writer: ThriftWriter,
): void {
  writer.int32(1, TYPE_NUMBERS[form]);
  if (form === 'decimal128' || form === 'uuid') writer.int32(2, FIXED_BYTES);
  writer.int32(3, repetition);
  writer.text(4, name);
  if (meaning !== undefined) writeMeaning(meaning, writer);
}

/** The converted type, for readers that know no logical types, and the logical type. */
function writeMeaning(meaning: Meaning, writer: ThriftWriter): void {
  switch (meaning.kind) {
    case 'string':
      writer.int32(6, CONVERTED_UTF8);
      writer.struct(10, () => {
        writer.struct(1, () => undefined);
      });
      return;
    case 'json':
      writer.int32(6, CONVERTED_JSON);
      writer.struct(10, () => {
        writer.struct(12, () => undefined);
      });
      return;
    case 'date':
      writer.int32(6, CONVERTED_DATE);
      writer.struct(10, () => {
        writer.struct(6, () => undefined);
      });
      return;
    case 'uuid':
      writer.struct(10, () => {
        writer.struct(14, () => undefined);
      });
      return;
    case 'int':
      writer.int32(6, (meaning.signed ? CONVERTED_INT : CONVERTED_UINT) + Math.log2(meaning.bits / 8));
      writer.struct(10, () => {
        writer.struct(10, () => {
          writer.int8(1, meaning.bits);
          writer.bool(2, meaning.signed);
        });
      });
      return;
    case 'decimal':
      writer.int32(6, CONVERTED_DECIMAL);
      writer.int32(7, meaning.scale);
      writer.int32(8, meaning.precision);
      writer.struct(10, () => {
        writer.struct(5, () => {
          writer.int32(1, meaning.scale);
          writer.int32(2, meaning.precision);
        });
      });
      return;
    case 'time':
    case 'timestamp':
      writer.struct(10, () => {
        writer.struct(meaning.kind === 'time' ? 7 : 8, () => {
          writer.bool(1, meaning.utc);
          writer.struct(2, () => {
            writer.struct(UNIT_FIELDS[meaning.unit], () => undefined);
          });
        });
      });
  }
}

const UNIT_FIELDS = { ms: 1, us: 2, ns: 3 } as const;

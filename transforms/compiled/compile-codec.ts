import type { RawRows } from '../../core/raw-rows';
import { ArrowCodec } from './arrow-codec';
import { CsvCodec } from './csv-codec';
import { compileJsonCodec } from './json-codec';
import { MysqlCodec } from './mysql-codec';
import { PgCodec } from './pg-codec';
import type { CodecInput, RowCodec } from './row-codec';

/** The codec of rows that are like `first`, which it has still to be given. */
export function compileCodec(first: RawRows, input: CodecInput): RowCodec {
  switch (first.wire) {
    case 'pg-copy':
      return new PgCodec(first.fields, input);
    case 'mysql-text':
      return new MysqlCodec(first.fields, input);
    case 'arrow':
      return new ArrowCodec(input);
    case 'csv':
      return new CsvCodec(input);
    case 'json':
      return compileJsonCodec(input);
  }
}

import { lazyModules } from '../../core/lazy-modules';
import type { RawRows } from '../../core/raw-rows';
import type * as Arrow from './arrow-codec';
import type * as Csv from './csv-codec';
import type * as Json from './json-codec';
import type * as Mysql from './mysql-codec';
import type * as Pg from './pg-codec';
import type { CodecInput, RowCodec } from './row-codec';

/** A run reads one wire. */
const load = lazyModules(__filename);
const codecs = {
  arrow: () => load('./arrow-codec') as typeof Arrow,
  csv: () => load('./csv-codec') as typeof Csv,
  json: () => load('./json-codec') as typeof Json,
  mysql: () => load('./mysql-codec') as typeof Mysql,
  pg: () => load('./pg-codec') as typeof Pg,
};

/** The codec of rows that are like `first`, which it has still to be given. */
export function compileCodec(first: RawRows, input: CodecInput): RowCodec {
  switch (first.wire) {
    case 'pg-copy':
      return new (codecs.pg().PgCodec)(first.fields, input);
    case 'mysql-text':
      return new (codecs.mysql().MysqlCodec)(first.fields, input);
    case 'arrow':
      return new (codecs.arrow().ArrowCodec)(input);
    case 'csv':
      return new (codecs.csv().CsvCodec)(input);
    case 'json':
      return codecs.json().compileJsonCodec(input);
  }
}

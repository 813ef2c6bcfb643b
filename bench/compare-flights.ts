import { DuckDBInstance } from '@duckdb/node-api';
import type { BigQueryServer } from '../test/services/bigquery-server';

/** Sums of 48 bits of the MD5 of each row's text, by origin: they are equal exactly when the rows are, but for accidents of 1 in 2^48. */
const OURS = `SELECT origin, COUNT(*) AS n,
    SUM(CAST(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CONCAT(CAST(UNIX_MICROS(TIMESTAMP(date)) AS STRING), '|',
      COALESCE(CAST(delay AS STRING), '-'), '|', COALESCE(CAST(distance AS STRING), '-'), '|', origin, '|', destination))), 1, 12)) AS INT64) AS NUMERIC)) AS hash
  FROM flights GROUP BY origin ORDER BY origin`;

/** Whether the table has the rows of the Parquet file, which DuckDB reads. */
export async function sameFlights(file: string, bigquery: BigQueryServer): Promise<boolean> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const text = `epoch_us(date)::VARCHAR || '|' || coalesce(delay::VARCHAR, '-') || '|' || coalesce(distance::VARCHAR, '-') || '|' || origin || '|' || destination`;
    const result = await connection.runAndReadAll(
      `SELECT origin, count(*)::VARCHAR, sum(('0x' || md5(${text})[1:12])::BIGINT)::VARCHAR FROM '${file}' GROUP BY origin ORDER BY origin`,
    );
    const theirs = result.getRows().map((row) => row.map(String));
    const served = await bigquery.query(OURS);
    const ours = served.map((row) =>
      [row['origin'], row['n'], String(row['hash']).replace(/\.0*$/, '')].map(String),
    );
    const different = theirs.find((row, index) => row.join() !== ours[index]?.join());
    if (different === undefined && theirs.length === ours.length) return true;
    console.error(
      `different: the file has ${String(different)}, of ${theirs.length} origins; the table has ${ours.length}`,
    );
    return false;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

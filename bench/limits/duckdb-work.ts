/** Statements that DuckDB runs on one thread: `duckdb-work.ts DATABASE STATEMENT...`. What the last one needs is measured, and how many rows it wrote. */
import { DuckDBInstance } from '@duckdb/node-api';
import { reportUsage } from './work-usage';

async function main(): Promise<void> {
  const [database = ':memory:', ...statements] = process.argv.slice(2);
  const instance = await DuckDBInstance.create(database, { threads: '1', allow_unsigned_extensions: 'true' });
  const connection = await instance.connect();
  const last = statements.pop() ?? '';
  for (const statement of statements) await connection.run(statement);
  await reportUsage(async () => {
    const { rowsChanged } = await connection.run(last);
    connection.closeSync();
    // writes what is still in the log
    instance.closeSync();
    return rowsChanged;
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

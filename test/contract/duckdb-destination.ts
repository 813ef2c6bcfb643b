import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quietServices } from './quiet-services';
import type { PreparedDestination } from './destination-contract';

/** A warehouse file that is not there yet. */
export async function prepareDuckdbDestination(): Promise<PreparedDestination> {
  const folder = await mkdtemp(path.join(tmpdir(), 'beamlift-duckdb-destination-'));
  const file = path.join(folder, 'warehouse.duckdb');
  return {
    spec: { type: 'duckdb', destinationName: 'local', config: { path: file }, table: '' },
    services: quietServices(folder),
    readTable: async (table, columns) => await readTable(file, table, columns),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

async function readTable(
  file: string,
  table: string,
  columns: readonly string[],
): Promise<(string | null)[][] | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  try {
    const connection = await instance.connect();
    try {
      const found = await connection.runAndReadAll(
        'SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?',
        ['main', table],
      );
      if (found.currentRowCount === 0) return undefined;
      const list = columns.map((column) => `${quoted(column)}::VARCHAR`).join(', ');
      const rows = (await connection.runAndReadAll(`SELECT ${list} FROM ${quoted(table)}`)).getRows();
      return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

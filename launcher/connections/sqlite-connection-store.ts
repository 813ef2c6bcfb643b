import { openSqlite, type SqliteDatabase, type SqliteRow } from '../../core/clients/sqlite';
import { migrate } from '../runs/sqlite-migrations';
import {
  byName,
  storedConnectionSchema,
  type ConnectionStore,
  type StoredConnection,
} from './connection-store';

const SELECT = 'SELECT name, type, fields, sealed, revision, created_at, updated_at FROM etl_connections';

/** Opens the connections in the SQLite file of a run store. `create: false`: the file must be there. Throws RUN_STORE_FAILED. */
export async function openSqliteConnectionStore(
  file: string,
  options: { create: boolean },
): Promise<ConnectionStore> {
  const database = await openSqlite(file, options);
  try {
    await migrate(database, file);
    return new SqliteConnectionStore(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

class SqliteConnectionStore implements ConnectionStore {
  constructor(private readonly database: SqliteDatabase) {}

  async get(name: string): Promise<StoredConnection | undefined> {
    const [row] = await this.database.read(`${SELECT} WHERE name = ?`, [name]);
    return row === undefined ? undefined : toConnection(row);
  }

  async list(): Promise<StoredConnection[]> {
    return (await this.database.read(SELECT)).map(toConnection).sort(byName);
  }

  async put(connection: StoredConnection, replaces: string | undefined): Promise<boolean> {
    const { name, type, revision, created_at: created, updated_at: updated } = connection;
    const fields = JSON.stringify(connection.fields);
    const sealed = JSON.stringify(connection.sealed);
    return await this.database.write((session) => {
      const [there] = session.all('SELECT revision FROM etl_connections WHERE name = ?', [name]);
      if (there?.['revision'] !== replaces) return false;
      session.run(
        'INSERT OR REPLACE INTO etl_connections (name, type, fields, sealed, revision, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        [name, type, fields, sealed, revision, created, updated],
      );
      return true;
    });
  }

  async delete(name: string, revision: string): Promise<boolean> {
    return await this.database.write((session) => {
      const [there] = session.all('SELECT revision FROM etl_connections WHERE name = ?', [name]);
      if (there?.['revision'] !== revision) return false;
      session.run('DELETE FROM etl_connections WHERE name = ?', [name]);
      return true;
    });
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.database.close();
  }
}

function toConnection(row: SqliteRow): StoredConnection {
  const { fields, sealed } = row;
  return storedConnectionSchema.parse({
    ...row,
    fields: JSON.parse(String(fields)) as unknown,
    sealed: JSON.parse(String(sealed)) as unknown,
  });
}

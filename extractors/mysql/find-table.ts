import { mysqlReport } from '../../core/clients/mysql-errors';
import { BeamliftError } from '../../core/errors';
import { nearestName } from '../../core/nearest-name';
import { parseQualifiedName, quoteIdentifier, quoteLiteral, writeQualifiedName } from './names';
import type { MysqlSession } from './session';

export interface FoundTable {
  readonly database: string;
  readonly name: string;
  readonly isView: boolean;
  /** `InnoDB`, `MyISAM`, …; undefined for a view. */
  readonly engine: string | undefined;
}

/**
 * A table or view. With `database`, both names mean themselves; without, `name` is a name as in SQL (shop.`order items`), looked up in
 * the connection's database where it has none. Throws SOURCE_NOT_FOUND with the nearest name, RIGHTS_MISSING with the GRANT.
 */
export async function findTable(
  session: MysqlSession,
  database: string | undefined,
  name: string,
  defaultDatabase: string | undefined,
): Promise<FoundTable> {
  const parts = database === undefined ? parseQualifiedName(name) : [database, name];
  const [table = '', wanted = defaultDatabase] = [...parts].reverse();
  if (wanted === undefined) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: `The table ${writeQualifiedName(table)} is named without its database`,
      where: session.place,
      hint: `Add \`database\` to the connection, or write database.${writeQualifiedName(table)}.`,
    });
  }
  const { rows } = await session.query(
    `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, @@lower_case_table_names FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ${quoteLiteral(wanted)} AND TABLE_NAME = ${quoteLiteral(table)}`,
  );
  // the catalogue compares without case; where names are files, those of a server on Linux differ by it
  const exact = rows.find((row) => row[0] === wanted && row[1] === table);
  const row = exact ?? rows.find((candidate) => candidate[4] !== '0');
  if (row === undefined) throw await notFound(session, wanted, table);
  const [foundDatabase, foundName, type, engine] = row;
  return {
    database: foundDatabase ?? wanted,
    name: foundName ?? table,
    isView: type?.includes('VIEW') === true,
    engine: engine ?? undefined,
  };
}

/** Error 1142: the login may not read the table, whether it is there or not. */
const SELECT_DENIED = 1142;

async function notFound(session: MysqlSession, database: string, table: string): Promise<BeamliftError> {
  const name = writeQualifiedName(database, table);
  const place = { ...session.place, object: name };
  try {
    await session.query(
      `SELECT 1 FROM ${quoteIdentifier(database)}.${quoteIdentifier(table)} LIMIT 0`,
      `${name} could not be read`,
    );
  } catch (error) {
    if (!(error instanceof BeamliftError)) throw error;
    const report = mysqlReport(error.cause);
    if (report?.number === SELECT_DENIED) {
      return new BeamliftError('RIGHTS_MISSING', {
        what: `The login may not read ${name}, or there is no such table`,
        where: place,
        why: report.message,
        hint: `As an administrator: GRANT SELECT ON ${quoteIdentifier(database)}.${quoteIdentifier(table)} TO the user;`,
      });
    }
    if (error.code !== 'SOURCE_NOT_FOUND') throw error;
  }
  const { rows } = await session.query(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteLiteral(database)} ORDER BY TABLE_NAME LIMIT 5000`,
  );
  const names = rows.map(([found]) => found ?? '');
  const near =
    names.find((found) => found.toLowerCase() === table.toLowerCase()) ?? nearestName(table, names);
  return new BeamliftError('SOURCE_NOT_FOUND', {
    what: `There is no table or view ${name}`,
    where: place,
    ...(rows.length === 0 ? { why: 'The database has no tables that this login can see.' } : {}),
    hint:
      near === undefined
        ? '`beamlift discover CONNECTION` lists what the connection can see.'
        : `Did you mean ${writeQualifiedName(database, near)}?`,
  });
}

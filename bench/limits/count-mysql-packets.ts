/** Reads a table of MySQL with the driver and counts the packets of its rows, unread: `count-mysql-packets.ts HOST PORT USER DATABASE TABLE`, with MYSQL_PWD. */
import { createConnection, type Connection } from 'mysql2';
import { reportUsage } from './work-usage';

interface Packet {
  readonly offset: number;
  readonly end: number;
}

async function main(): Promise<void> {
  const [host = '', port = '', user = '', database = '', table = ''] = process.argv.slice(2);
  const connection = createConnection({
    ...{ host, port: Number(port), user, database },
    password: process.env['MYSQL_PWD'] ?? '',
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === null ? resolve() : reject(error)));
  });
  await reportUsage(async () => await countPackets(connection, `SELECT * FROM \`${table}\``));
  connection.destroy();
}

function countPackets(connection: Connection, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let rows = 0;
    let bytes = 0;
    const query = connection.query(sql);
    const counter = {
      next(packet: Packet): null {
        rows++;
        bytes += packet.end - packet.offset;
        return null;
      },
    };
    // the driver makes a parser of values for each result; this one stays
    Object.defineProperty(query, '_rowParser', { get: () => counter, set: () => undefined });
    query.on('error', reject);
    query.on('end', () => (bytes > rows ? resolve(rows) : reject(new Error('The packets are empty'))));
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

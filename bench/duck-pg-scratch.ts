import path from 'node:path';
import { startPostgres } from '../test/services/postgres-server';
import { psql } from './psql';
import { writeFileSync } from 'node:fs';
async function main() {
  const rows = Number(process.argv[2]);
  const postgres = await startPostgres();
  await psql(postgres, ['-v', 'lo=1', '-v', `hi=${rows}`, '-q', '-f', path.join(__dirname, 'orders.sql')]);
  await postgres.execute(`CREATE TABLE few AS SELECT * FROM orders LIMIT 10; CREATE TABLE o AS SELECT * FROM orders; ALTER TABLE o ADD PRIMARY KEY (id); ANALYZE o`);
  writeFileSync('/tmp/duck/pg.json', JSON.stringify({ host: postgres.host, port: postgres.port, user: postgres.user, password: postgres.password, pid: process.pid }));
  console.log('ready');
  process.on('SIGTERM', () => void postgres.stop().then(() => process.exit(0)));
  setInterval(() => undefined, 1000);
}
void main();

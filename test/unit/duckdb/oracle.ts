import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** What is asked of the other process: one JSON object a line, one answer a line. The file is open only while it answers, and waited for. */
const SCRIPT = `
const { DuckDBInstance } = require('@duckdb/node-api');
const lines = require('node:readline').createInterface({ input: process.stdin });
const open = async (file, options, attempts) => {
  try {
    return await DuckDBInstance.create(file, options);
  } catch (error) {
    if (attempts === 0 || !/Could not set lock/.test(error.message)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 15));
    return await open(file, options, attempts - 1);
  }
};
const answer = async ({ file, statements, write }) => {
  const instance = await open(file, write ? {} : { access_mode: 'READ_ONLY' }, 100);
  try {
    const connection = await instance.connect();
    try {
      await connection.run("SET TimeZone = 'UTC'");
      let rows = [];
      for (const sql of statements) rows = (await connection.runAndReadAll(sql)).getRows();
      return { rows: rows.map((row) => row.map((value) => value === null ? null : String(value))) };
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
};
(async () => {
  for await (const line of lines) {
    const reply = await answer(JSON.parse(line)).catch((error) => ({ error: error.message }));
    process.stdout.write(JSON.stringify(reply) + '\\n');
  }
})();
`;

/** Another process that opens DuckDB files through the plain driver and knows nothing of beamlift. */
export class Oracle {
  private child: ChildProcess | undefined;
  private answers: AsyncIterator<string> | undefined;
  private lines: Interface | undefined;

  /** Every value as text; null for SQL NULL. */
  async ask(file: string, sql: string): Promise<(string | null)[][]> {
    return await this.send({ file, statements: [sql], write: false });
  }

  /** Statements as a user would make them. */
  async change(file: string, statements: readonly string[]): Promise<void> {
    await this.send({ file, statements, write: true });
  }

  close(): void {
    this.lines?.close();
    this.child?.kill();
  }

  private async send(question: object): Promise<(string | null)[][]> {
    if (this.child === undefined) this.start();
    this.child?.stdin?.write(`${JSON.stringify(question)}\n`);
    const reply = await this.answers?.next();
    if (typeof reply?.value !== 'string') throw new Error('the oracle died');
    const { rows, error } = JSON.parse(reply.value) as { rows?: (string | null)[][]; error?: string };
    if (rows === undefined) throw new Error(error);
    return rows;
  }

  private start(): void {
    const child = spawn(process.execPath, ['-e', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.lines = createInterface({ input: child.stdout });
    this.answers = this.lines[Symbol.asyncIterator]();
  }
}

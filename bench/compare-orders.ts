import { isDeepStrictEqual } from 'node:util';
import type { BigQueryServer } from '../test/services/bigquery-server';
import type { PostgresServer } from '../test/services/postgres-server';

/** Rows that are held of each side at a time. */
const PAGE_ROWS = 20_000;

/** Each column as PostgreSQL writes it, and what makes the two sides' texts of one value equal. */
const COLUMNS: Readonly<
  Record<
    string,
    { readonly postgres: string; readonly equal: (theirs: string | null, ours: unknown) => boolean }
  >
> = {
  id: { postgres: 'id::text', equal: sameText },
  customer_id: { postgres: 'customer_id::text', equal: sameText },
  status: { postgres: 'status', equal: sameText },
  amount: { postgres: 'amount::text', equal: sameDecimal },
  tax_rate: { postgres: 'tax_rate::text', equal: sameNumber },
  is_gift: { postgres: 'is_gift::text', equal: sameText },
  created_at: { postgres: '(extract(epoch FROM created_at) * 1000000)::bigint::text', equal: sameText },
  updated_at: { postgres: `to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US')`, equal: sameDatetime },
  ship_date: { postgres: 'ship_date::text', equal: sameText },
  email: { postgres: 'email', equal: sameText },
  note: { postgres: 'note', equal: sameText },
  tags: { postgres: 'array_to_json(tags)::text', equal: sameTags },
  attributes: { postgres: 'attributes::text', equal: sameJson },
  uid: { postgres: 'uid::text', equal: sameText },
};

/** Whether both tables have the same rows, value by value; says the first difference. */
export async function sameOrders(
  postgres: PostgresServer,
  bigquery: BigQueryServer,
  rows: number,
): Promise<boolean> {
  const client = await postgres.connect();
  try {
    const texts = Object.entries(COLUMNS).map(([name, { postgres: text }]) => `${text} AS ${name}`);
    for (let low = 1; low <= rows; low += PAGE_ROWS) {
      const range = `id >= ${low} AND id < ${low + PAGE_ROWS}`;
      const { rows: theirs } = await client.query<Record<string, string | null>>(
        `SELECT ${texts.join(', ')} FROM orders WHERE ${range} ORDER BY orders.id`,
      );
      const ours = await bigquery.query(`SELECT * FROM orders WHERE ${range} ORDER BY id`);
      if (theirs.length !== ours.length) return differ(`${theirs.length} rows of ${range}`, `${ours.length}`);
      for (const [index, their] of theirs.entries()) {
        for (const [name, { equal }] of Object.entries(COLUMNS)) {
          const our = ours[index]?.[name];
          if (!equal(their[name] ?? null, our))
            return differ(
              `${their['id'] ?? ''}.${name}: ${JSON.stringify(their[name])}`,
              JSON.stringify(our),
            );
        }
      }
    }
    const [count] = await bigquery.query('SELECT COUNT(*) AS n FROM orders');
    return String(count?.['n']) === String(rows) || differ(`${rows} rows`, String(count?.['n']));
  } finally {
    await client.end();
  }
}

function differ(theirs: string, ours: string): false {
  console.error(`different: PostgreSQL ${theirs}, BigQuery ${ours}`);
  return false;
}

function sameText(theirs: string | null, ours: unknown): boolean {
  return theirs === null ? ours === null : ours === theirs;
}

function sameDecimal(theirs: string | null, ours: unknown): boolean {
  const bare = (text: unknown): string => {
    const written = String(text);
    return written.includes('.') ? written.replace(/\.?0+$/, '') : written;
  };
  return theirs === null ? ours === null : bare(theirs) === bare(ours);
}

function sameNumber(theirs: string | null, ours: unknown): boolean {
  return theirs === null ? ours === null : ours !== null && Number(theirs) === Number(ours);
}

function sameDatetime(theirs: string | null, ours: unknown): boolean {
  const whole = (text: unknown): string => {
    const [seconds = '', fraction = ''] = String(text).split('.');
    return `${seconds}.${fraction.padEnd(6, '0')}`;
  };
  return theirs === null ? ours === null : whole(theirs) === whole(ours);
}

/** BigQuery has no null arrays: one becomes empty, which the report counts. */
function sameTags(theirs: string | null, ours: unknown): boolean {
  const values = Array.isArray(ours) ? ours.map((item: { readonly v: unknown }) => item.v) : [];
  const expected: unknown = theirs === null ? [] : JSON.parse(theirs);
  return isDeepStrictEqual(expected, values);
}

/** The server prints documents its own way; their values are compared. */
function sameJson(theirs: string | null, ours: unknown): boolean {
  if (theirs === null) return ours === null;
  return isDeepStrictEqual(JSON.parse(theirs), JSON.parse(ours as string));
}

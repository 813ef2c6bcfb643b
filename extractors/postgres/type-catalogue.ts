import type { PostgresSession } from './session';

/** What the catalogue says about one type. */
export interface PgType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** base, composite, domain, enum, multirange, pseudo, range */
  readonly kind: 'b' | 'c' | 'd' | 'e' | 'm' | 'p' | 'r';
  /** Of a domain. */
  readonly base: { readonly oid: number; readonly modifier: number } | undefined;
  /** Of an array; not of types that can be subscripted without being arrays, such as point. */
  readonly elementOid: number | undefined;
  readonly labels: readonly string[];
  /** Of a composite type, without dropped ones. */
  readonly fields: readonly { readonly name: string; readonly oid: number; readonly modifier: number }[];
}

export type PgTypes = ReadonlyMap<number, PgType>;

const TYPES_QUERY = `
WITH RECURSIVE wanted(oid) AS (
  SELECT unnest($1::oid[])
  UNION
  SELECT part.oid
  FROM wanted
  JOIN pg_type t ON t.oid = wanted.oid
  CROSS JOIN LATERAL (
    SELECT t.typbasetype WHERE t.typtype = 'd'
    UNION ALL
    SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
    UNION ALL
    SELECT a.atttypid FROM pg_attribute a
    WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) part(oid)
)
SELECT t.oid, n.nspname, t.typname, t.typtype, t.typbasetype, t.typtypmod,
  (SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid),
  (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid),
  (SELECT json_agg(json_build_array(a.attname, a.atttypid::int8, a.atttypmod) ORDER BY a.attnum)
   FROM pg_attribute a
   WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
FROM wanted JOIN pg_type t ON t.oid = wanted.oid JOIN pg_namespace n ON n.oid = t.typnamespace`;

/** The types asked for and every type that they are made of: bases of domains, elements of arrays, fields of composites. */
export async function loadTypes(session: PostgresSession, oids: readonly number[]): Promise<PgTypes> {
  const wanted = `{${[...new Set(oids)].join(',')}}`;
  const { rows } = await session.query(TYPES_QUERY, [wanted]);
  const types = new Map<number, PgType>();
  for (const row of rows) {
    const [oid, schema, name, kind, base, modifier, element, labels, fields] = row;
    types.set(Number(oid), {
      oid: Number(oid),
      schema: schema ?? '',
      name: name ?? '',
      kind: kindOf(kind ?? ''),
      base: kind === 'd' ? { oid: Number(base), modifier: Number(modifier) } : undefined,
      elementOid: element === null || element === undefined ? undefined : Number(element),
      labels: parseLabels(labels),
      fields: parseFields(fields),
    });
  }
  return types;
}

const KINDS = ['b', 'c', 'd', 'e', 'm', 'p', 'r'] as const;

function kindOf(text: string): PgType['kind'] {
  return KINDS.find((kind) => kind === text) ?? 'b';
}

function parseLabels(json: string | null | undefined): string[] {
  return json === null || json === undefined ? [] : (JSON.parse(json) as string[]);
}

function parseFields(json: string | null | undefined): PgType['fields'] {
  if (json === null || json === undefined) return [];
  return (JSON.parse(json) as [string, number, number][]).map(([name, oid, modifier]) => ({
    name,
    oid,
    modifier,
  }));
}

/** Fields of a connection as they were written, nested mappings among them. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a path of names with dots between them (`ssh.password`) leads to; undefined: nothing. */
export function valueAt(fields: Fields, path: string): unknown {
  let value: unknown = fields;
  for (const name of path.split('.')) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A copy in which the path leads to the value; mappings on the way are made where they are missing. */
export function setAt(fields: Fields, path: string, value: unknown): Fields {
  const [name = '', ...rest] = path.split('.');
  const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const changed = rest.length === 0 ? value : setAt(isFields(inner) ? inner : {}, rest.join('.'), value);
  return Object.fromEntries([...Object.entries(fields).filter(([key]) => key !== name), [name, changed]]);
}

/** A copy in which the path leads nowhere; mappings on the way stay. */
export function withoutAt(fields: Fields, path: string): Fields {
  const [name = '', ...rest] = path.split('.');
  const others = Object.entries(fields).filter(([key]) => key !== name);
  const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (rest.length === 0 || !isFields(inner)) return Object.fromEntries(others);
  return Object.fromEntries([...others, [name, withoutAt(inner, rest.join('.'))]]);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

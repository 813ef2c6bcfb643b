import type { JsonObject, JsonValue } from './plan';

/** What a path of names with dots between them (`ssh.password`) leads to; undefined: there is no such field. */
export function fieldAt(fields: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = fields;
  for (const name of path.split('.')) {
    if (!isMapping(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A copy in which the field that a path leads to has another value. A path that leads nowhere changes nothing. */
export function withFieldAt(fields: JsonObject, path: string, value: JsonValue): JsonObject {
  const [name = '', ...rest] = path.split('.');
  if (!Object.hasOwn(fields, name)) return fields;
  if (rest.length === 0) return { ...fields, [name]: value };
  const inner = fields[name];
  return isMapping(inner) ? { ...fields, [name]: withFieldAt(inner, rest.join('.'), value) } : fields;
}

function isMapping(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { z } from 'zod';

/** Of a field's description, in characters. */
const MAX_HINT = 60;

/** The schema of a field, or of one inside of another (`ssh.port`); undefined: there is no such field. */
export function schemaAt(schema: z.core.$ZodType, path: string): z.core.$ZodType | undefined {
  let found: z.core.$ZodType | undefined = schema;
  for (const name of path.split('.')) {
    const fields: Readonly<Record<string, z.core.$ZodType>> = shapeOf(found) ?? {};
    found = Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return found;
}

/** The paths of the fields inside of one that is a mapping; empty: it is none. */
export function innerFields(schema: z.core.$ZodType, path: string): string[] {
  return Object.keys(shapeOf(schemaAt(schema, path)) ?? {}).map((name) => `${path}.${name}`);
}

export function isOptional(schema: z.core.$ZodType | undefined): boolean {
  return schema === undefined || z.safeParse(schema, undefined).success;
}

/** What a field means, in a few words: its default where the description names one. */
export function hintOf(schema: z.core.$ZodType | undefined): string | undefined {
  const described = schema instanceof z.ZodType ? schema.description : undefined;
  if (described === undefined) return undefined;
  const said = /Default: (.*?)\.?$/s.exec(described)?.[1];
  const text = said === undefined ? (described.split(/\. |\.$/)[0] ?? '') : `default: ${said}`;
  return text.length > MAX_HINT ? `${text.slice(0, MAX_HINT - 1)}…` : text;
}

function shapeOf(schema: z.core.$ZodType | undefined): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

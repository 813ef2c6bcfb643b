const UUID =
  /^(\{)?([0-9a-fA-F]{8})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})-?([0-9a-fA-F]{12})(\})?$/;
const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A uuid in lower case with hyphens, from 32 hexadecimal digits with or without hyphens and braces; undefined: it is none. */
export function normaliseUuid(text: string): string | undefined {
  if (CANONICAL.test(text)) return text;
  const match = UUID.exec(text);
  if (match === null || (match[1] === undefined) !== (match[7] === undefined)) return undefined;
  return match.slice(2, 7).join('-').toLowerCase();
}

/** The uuid of 16 bytes in the order of RFC 9562; undefined: another number of bytes. */
export function uuidOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 16) return undefined;
  return normaliseUuid(Buffer.from(bytes).toString('hex'));
}

/** The 16 bytes of a canonical uuid. */
export function bytesOfUuid(uuid: string): Uint8Array {
  return Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
}

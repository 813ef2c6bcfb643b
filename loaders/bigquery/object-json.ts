/** The content of an object of ours as JSON; undefined for what is none, since nothing that we write is. The bytes are not copied: states and records have megabytes. */
export function jsonOfObject(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Bytes as text: `\x` and two hexadecimal digits a byte, as PostgreSQL writes bytea. */
export function formatBytes(bytes: Uint8Array): string {
  return `\\x${hexOf(bytes)}`;
}

export function hexOf(bytes: Uint8Array): string {
  return viewOf(bytes).toString('hex');
}

export function base64Of(bytes: Uint8Array): string {
  return viewOf(bytes).toString('base64');
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const HEX_BYTES = /^\\x(?:[0-9a-fA-F]{2})*$/;

/** The bytes of such a text; undefined: it is none. There is no other spelling: text without `\x` could be anything. */
export function readBytes(text: string): Uint8Array | undefined {
  return HEX_BYTES.test(text) ? Uint8Array.from(Buffer.from(text.slice(2), 'hex')) : undefined;
}

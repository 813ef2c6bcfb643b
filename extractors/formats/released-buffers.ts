/*
 * The garbage collector lets 64 MiB of buffers that nobody needs gather in each thread before it looks (V8, kExternalAllocationSoftLimit). The
 * memory of these is given back at once.
 */

/** What is missing in the declarations of ECMAScript 2023: Node.js 20 has it. */
interface ResizableBuffer extends ArrayBuffer {
  readonly resizable: boolean;
  resize(bytes: number): void;
}
const ResizableBuffer = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer;

/** A buffer for so many bytes, which `release` empties. */
export function releasableBuffer(bytes: number): ArrayBuffer {
  return new ResizableBuffer(bytes, { maxByteLength: bytes });
}

/** Gives its memory back; nothing is to be read of it afterwards. Does nothing to a buffer of another kind. */
export function release(buffer: ArrayBuffer): void {
  if ((buffer as Partial<ResizableBuffer>).resizable === true) (buffer as ResizableBuffer).resize(0);
}

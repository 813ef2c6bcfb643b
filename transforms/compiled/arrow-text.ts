import { isAscii, isUtf8 } from 'node:buffer';
import { rawBytes, type ArrowData } from '../../core/arrow-buffers';
import type { Offsets } from '../../core/arrow-layout';
import type { ArrowWriter } from './arrow-writer';
import type { FieldWriter } from './field-writer';
import { compilePgWriter, type WriterInput } from './pg-writers';

/** Texts and documents. */
export function compileArrowText(offsets: Offsets, input: WriterInput): ArrowWriter | undefined {
  if (offsets === 'view' || !input.rules.nulCharacter) return undefined;
  const write = compilePgWriter('text', input);
  if (write === undefined) return undefined;
  return variable(offsets, write, true);
}

export function compileArrowBytes(offsets: Offsets, input: WriterInput): ArrowWriter | undefined {
  if (offsets === 'view' || input.source.kind !== 'bytes') return undefined;
  const write = compilePgWriter('bytes', input);
  return write === undefined ? undefined : variable(offsets, write, false);
}

/** Values of `width` bytes. */
export function compileArrowFixedBytes(
  form: 'bytes' | 'uuid',
  width: number,
  input: WriterInput,
): ArrowWriter | undefined {
  const { source } = input;
  const isOwn = source.kind === form || (form === 'uuid' && source.kind === 'string');
  const write = isOwn ? compilePgWriter(form, input) : undefined;
  if (write === undefined) return undefined;
  let bytes: Buffer = Buffer.alloc(0);
  let view = viewOf(bytes);
  return {
    bind: (data) => {
      bytes = rawBytes(data);
      view = viewOf(bytes);
    },
    write: (index) => write(bytes, view, index * width, width),
  };
}

/** Values of different lengths, one behind the other. */
function variable(bits: 32 | 64, write: FieldWriter, isText: boolean): ArrowWriter {
  const step = bits / 32;
  let bytes: Buffer = Buffer.alloc(0);
  let view = viewOf(bytes);
  let places: ArrayLike<number> = [];
  /** Whether a character may begin in one value and end in the next, which the reference sees. */
  let mayCut = false;
  let isValid = true;
  return {
    bind: (data) => {
      bytes = rawBytes(data);
      view = viewOf(bytes);
      places = placesOf(data);
      if (!isText) return;
      const whole = bytes.subarray(places[0] ?? 0, places[data.length * step] ?? 0);
      mayCut = !isAscii(whole);
      isValid = !mayCut || isUtf8(whole);
    },
    write: (index) => {
      const start = places[index * step] ?? 0;
      const end = places[(index + 1) * step] ?? 0;
      if (mayCut && (!isValid || isInside(bytes, start) || isInside(bytes, end))) return false;
      return write(bytes, view, start, end - start);
    },
  };
}

/** Whether the byte continues a character. */
function isInside(bytes: Buffer, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

/** Where values begin and end; of places of 64 bits the lower and the higher half, which is zero: a batch is not so large. */
function placesOf({ valueOffsets }: ArrowData): ArrayLike<number> {
  if (valueOffsets instanceof Int32Array) return valueOffsets;
  if (valueOffsets instanceof BigInt64Array) {
    return new Int32Array(valueOffsets.buffer, valueOffsets.byteOffset, valueOffsets.length * 2);
  }
  return [];
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

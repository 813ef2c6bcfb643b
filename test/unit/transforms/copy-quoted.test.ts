import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AvroBuffer } from '../../../transforms/encode/avro-buffer';
import { copyQuoted } from '../../../transforms/encode/copy-quoted';
import { LeafBuffer } from '../../../transforms/encode/parquet-leaf';
import { parquetColumns } from '../../../transforms/encode/parquet-schema';

const QUOTE = 34;

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** The text between other bytes, with its quotes doubled; `shift`: where it begins. */
function quotedWithin(text: string, shift: number): { bytes: Buffer; length: number } {
  const quoted = Buffer.from(text.replaceAll('"', '""'));
  const bytes = Buffer.concat([Buffer.alloc(shift, '"'), quoted, Buffer.from('","more')]);
  return { bytes, length: quoted.length };
}

function assertWritten(text: string, shift: number, inUnion: boolean): void {
  const { bytes, length } = quotedWithin(text, shift);
  const [quoted, plain] = [new AvroBuffer(1024), new AvroBuffer(1024)];
  for (const buffer of [quoted, plain]) buffer.writeByte(7);
  quoted.writeQuoted(inUnion, bytes, viewOf(bytes), shift, length, QUOTE);
  const meant = Buffer.from(text);
  plain.writeRange(inUnion, meant, viewOf(meant), 0, meant.length);
  assert.equal(
    quoted.bytes.toString('hex', 0, quoted.end),
    plain.bytes.toString('hex', 0, plain.end),
    JSON.stringify(text),
  );
}

describe('copyQuoted', () => {
  const texts = fc.array(fc.constantFrom('"', '""', 'a', ',', '\n', 'ä', '𝄞', '\u00a2"', '!', '\u0000'), {
    maxLength: 60,
  });

  it('takes one of each two quotes out, and writes nowhere else', () => {
    fc.assert(
      fc.property(texts, fc.nat(5), fc.nat(5), (parts, shift, into) => {
        const text = parts.join('');
        const { bytes, length } = quotedWithin(text, shift);
        const to = Buffer.alloc(into + length + 3, 0xee);
        const end = copyQuoted(bytes, viewOf(bytes), shift, length, QUOTE, to, viewOf(to), into);
        assert.equal(to.toString('utf8', into, end), text);
        const room = into + length;
        assert.deepEqual([...to.subarray(0, into), ...to.subarray(room)], Array(into + 3).fill(0xee));
      }),
    );
  });

  it('is written to Avro as the text that is meant', () => {
    fc.assert(
      fc.property(texts, fc.nat(5), fc.boolean(), (parts, shift, inUnion) =>
        assertWritten(parts.join(''), shift, inUnion),
      ),
    );
  });

  it('is written to Parquet as the text that is meant', () => {
    const column = { name: 'c', type: { kind: 'string' as const }, nullable: true };
    const [leaf] = parquetColumns({ columns: [column], primaryKey: [] }).leaves;
    assert.ok(leaf !== undefined);
    fc.assert(
      fc.property(texts, fc.nat(5), (parts, shift) => {
        const { bytes, length } = quotedWithin(parts.join(''), shift);
        const [quoted, plain] = [
          new LeafBuffer(leaf, () => undefined),
          new LeafBuffer(leaf, () => undefined),
        ];
        const meant = Buffer.from(parts.join(''));
        for (let value = 0; value < 2; value++) {
          quoted.writeQuoted(bytes, viewOf(bytes), shift, length, QUOTE);
          plain.writeRange(meant, viewOf(meant), 0, meant.length);
        }
        assert.equal(quoted.bytes.toString('hex', 0, quoted.end), plain.bytes.toString('hex', 0, plain.end));
      }),
    );
  });

  it('is written so where the length takes fewer bytes than that of the field', () => {
    for (const edge of [64, 8192, 1_048_576]) {
      for (const length of [edge - 2, edge - 1, edge, edge + 1]) {
        for (const quotes of [1, 2, 40]) {
          assertWritten(`${'"'.repeat(quotes)}${'x'.repeat(length - quotes)}`, 1, true);
          assertWritten(`${'x'.repeat(length - quotes)}${'"'.repeat(quotes)}`, 2, false);
        }
      }
    }
  });
});

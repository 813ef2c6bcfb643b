import type { PgMachine } from './pg-machine';
import { PgManyRows, type ManyRowsStep, type WrittenRows } from './pg-many-rows';
import type { CodecInput } from './row-codec';
import type { AvroRowsSink } from './value-sink';

/** Numbers of WebAssembly are of 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** Writes rows of COPY binary to blocks of Avro. */
export class PgAvroRows extends PgManyRows {
  private readonly fields: number;

  constructor(
    machine: PgMachine,
    steps: readonly ManyRowsStep[],
    private readonly sink: AvroRowsSink,
    lose: CodecInput['lose'],
  ) {
    super(
      machine,
      steps.map(({ column, whenNull }, index) => {
        const { element, ...own } = column;
        const staged = { ...own, bytes: 0, whenNull, level: sink.unions[index] === true ? 1 : 0 };
        return element === undefined
          ? staged
          : { ...staged, element: { ...element, bytes: 0, whenNull: 0, level: 0 } };
      }),
      steps.map(({ losses }) => losses),
      lose,
    );
    this.fields = steps.length;
  }

  protected override get isFull(): boolean {
    return this.sink.left <= 0;
  }

  protected override encode(at: number, end: number, rows: number): WrittenRows {
    const { machine, sink } = this;
    const { exports, told } = machine;
    const maxRowBytes = Math.min(sink.maxRowBytes, MOST_BYTES);
    exports.encode(this.fields, at, end, this.gap, rows, sink.left, maxRowBytes);
    const [done = 0, next = 0, outputEnd = 0, isCut = 0] = told;
    if (done > 0) sink.addRows(machine.bytes, exports.output, outputEnd, done);
    return { done, next, isCut: isCut === 1 };
  }
}

import type { ArrowLayout } from '../../core/arrow-layout';
import { compileArrowDecimal } from './arrow-decimal';
import { compileArrowDate, compileArrowInstant, compileArrowTime } from './arrow-instant';
import { compileArrowDictionary, compileArrowList } from './arrow-list';
import { compileArrowBool, compileArrowFloat, compileArrowInt } from './arrow-number';
import { compileArrowBytes, compileArrowFixedBytes, compileArrowText } from './arrow-text';
import type { ArrowWriter } from './arrow-writer';
import type { WriterInput } from './pg-writers';

/**
 * The writer of values that go into a column as they are. It writes those for which the reference (`compileCell`) changes nothing and
 * counts nothing, and says false for all others. Undefined: there is none for these types.
 *
 * `source` is the type of the cells, which may be wider than what lies in the buffers: files of one job may differ.
 */
export function compileArrowWriter(layout: ArrowLayout, input: WriterInput): ArrowWriter | undefined {
  switch (layout.kind) {
    case 'bool':
      return compileArrowBool(input);
    case 'int':
      return compileArrowInt(layout.bits, layout.unsigned, input);
    case 'duration':
      return compileArrowInt(64, false, input);
    case 'float':
      return compileArrowFloat(layout.bits, input);
    case 'decimal':
      return compileArrowDecimal(layout.bits, layout.scale, input);
    case 'text':
      return compileArrowText(layout.offsets, input);
    case 'bytes':
      return compileArrowBytes(layout.offsets, input);
    case 'fixed-bytes':
      return compileArrowFixedBytes('bytes', layout.width, input);
    case 'uuid':
      return compileArrowFixedBytes('uuid', UUID_BYTES, input);
    case 'date':
      return layout.bits === 32 ? compileArrowDate(input) : undefined;
    case 'time':
      return compileArrowTime(layout.bits, layout.unit, input);
    case 'instant':
      return compileArrowInstant(layout.unit, input);
    case 'list':
      return compileArrowList(layout, input, compileArrowWriter);
    case 'dictionary':
      return compileArrowDictionary(layout.values, input, compileArrowWriter);
    case 'null':
    case 'interval':
    case 'parquet-interval':
    case 'parquet-int96':
    case 'struct':
    case 'map':
      return undefined;
  }
}

const UUID_BYTES = 16;

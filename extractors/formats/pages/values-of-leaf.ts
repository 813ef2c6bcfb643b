import { PHYSICAL } from '../parquet-schema';
import { BooleanValues } from './boolean-values';
import { DecimalValues } from './decimal-values';
import { FixedValues } from './fixed-values';
import type { LeafValues } from './leaf-values';
import type { LeafShape } from './page-plan';
import { narrowed, reversedDecimal, widenedDecimal } from './stored-numbers';
import { TextValues } from './text-values';

/** Collects values of a leaf as its layout wants them. */
export function valuesOfLeaf({ layout, physical, length }: LeafShape): LeafValues {
  const width = layout.kind === 'decimal' ? layout.bits / 8 : 0;
  switch (physical) {
    case PHYSICAL.boolean:
      return new BooleanValues();
    case PHYSICAL.int32:
      if (width > 0) return new FixedValues(width, 4, widenedDecimal(4));
      if (layout.kind === 'int' && layout.bits === 8) return new FixedValues(1, 4, narrowed(1));
      if (layout.kind === 'int' && layout.bits === 16) return new FixedValues(2, 4, narrowed(2));
      return new FixedValues(4, 4, undefined);
    case PHYSICAL.float:
      return new FixedValues(4, 4, undefined);
    case PHYSICAL.int64:
      return width > 0 ? new FixedValues(width, 8, widenedDecimal(8)) : new FixedValues(8, 8, undefined);
    case PHYSICAL.double:
      return new FixedValues(8, 8, undefined);
    case PHYSICAL.int96:
      return new FixedValues(INT96_BYTES, INT96_BYTES, undefined);
    case PHYSICAL.byteArray:
      return width > 0 ? new DecimalValues(width) : new TextValues(layout.kind === 'text');
    default:
      return width > 0
        ? new FixedValues(width, length, reversedDecimal(length, width))
        : new FixedValues(length, length, undefined);
  }
}

const INT96_BYTES = 12;

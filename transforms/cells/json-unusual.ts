import type { JsonUnusual } from '../serializer';
import { quoteJson } from '../json-text';
import { nullOrReject } from './policy-actions';
import type { ConversionContext } from './rule';

/** Policies `nan`, `infinity` and `out_of_range_date` for values within JSON text: null, the name in quotes, or CellRejected. */
export function compileJsonUnusual(context: ConversionContext): JsonUnusual {
  const withoutText = {
    nan: nullOrReject(context, 'nan', 'not a number'),
    infinity: nullOrReject(context, 'infinity', 'infinite'),
    out_of_range_date: nullOrReject(context, 'out_of_range_date', 'beyond the calendar'),
  };
  const { policies } = context;
  return (policy, text) => {
    if (policy !== 'out_of_range_date' && policies[policy] === 'text') {
      context.lose(policy);
      return quoteJson(text);
    }
    withoutText[policy]();
    return 'null';
  };
}

import type { DestinationModule } from '../core/loader';
import type { Plan } from '../core/plan';
import { formatType } from '../core/format-type';
import { DESTINATIONS } from '../loaders';
import { compileCell, keepCell } from '../transforms/cells';
import { CONVERSIONS } from '../transforms/conversions';
import { policiesOf } from '../transforms/schema-aware-converter';
import type { DescribeConversion } from './output/plan-text';

/**
 * For each column of a plan, the rule of docs/types.md under which its values are converted; nothing where every value
 * stays as it is.
 */
export function describeConversions({ context }: Plan): DescribeConversion {
  const modules: readonly DestinationModule[] = DESTINATIONS;
  const rules = modules.find((module) => module.type === context.destination.type)?.rules;
  return ({ source, sourceType, destinationType }) => {
    if (rules === undefined || destinationType.kind === 'variant') return undefined;
    if (formatType(sourceType) === formatType(destinationType)) return undefined;
    const convert = compileCell(sourceType, destinationType, {
      rules,
      policies: policiesOf(context.policies, source),
      lose: () => undefined,
    });
    const conversion = CONVERSIONS[sourceType.kind][destinationType.kind];
    return convert === keepCell || 'none' in conversion ? undefined : conversion.name;
  };
}

import { createRequire } from 'node:module';
import type * as OpenEquipment from '../open-equipment';

/**
 * How source and destination are opened: as everywhere, or for tests as a module says. Loaded here, since it brings every source and
 * destination along. `import` of an own module by a relative path is not what both the compiled tree and tests that run the sources understand.
 */
export function openingOf(equipmentModule: string | undefined): typeof OpenEquipment.openEquipment {
  const load = createRequire(__filename);
  return (load(equipmentModule ?? '../open-equipment') as typeof OpenEquipment).openEquipment;
}

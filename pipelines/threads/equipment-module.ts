import { createRequire } from 'node:module';
import { lazyModules } from '../../core/lazy-modules';
import type * as OpenEquipment from '../open-equipment';

/**
 * How source and destination are opened: as everywhere, or for tests as a module says. Loaded here, since it brings every source and
 * destination along.
 */
export function openingOf(equipmentModule: string | undefined): typeof OpenEquipment.openEquipment {
  const load = lazyModules(__filename);
  const ofTest: (file: string) => unknown = createRequire(__filename);
  const module = equipmentModule === undefined ? load('../open-equipment') : ofTest(equipmentModule);
  return (module as typeof OpenEquipment).openEquipment;
}

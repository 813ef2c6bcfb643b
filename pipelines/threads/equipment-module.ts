import { lazyModules } from '../../core/lazy-modules';
import type * as OpenEquipment from '../open-equipment';

/**
 * How source and destination are opened: as everywhere, or for tests as a module says. Loaded here, since it brings every source and
 * destination along.
 */
export function openingOf(equipmentModule: string | undefined): typeof OpenEquipment.openEquipment {
  const load = lazyModules(__filename);
  return (load(equipmentModule ?? '../open-equipment') as typeof OpenEquipment).openEquipment;
}

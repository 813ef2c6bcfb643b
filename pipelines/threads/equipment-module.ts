import { createRequire } from 'node:module';
import { openEquipment } from '../open-equipment';

/** How source and destination are opened: as everywhere, or for tests as a module says. */
export function openingOf(equipmentModule: string | undefined): typeof openEquipment {
  if (equipmentModule === undefined) return openEquipment;
  const required: unknown = createRequire(__filename)(equipmentModule);
  return (required as { readonly openEquipment: typeof openEquipment }).openEquipment;
}

import type { StructField } from '../../core/schema';
import { CellRejected } from './rule';

/** Whether a struct that is there must have a value in the field; arrays are empty where they have none. */
export function isRequired({ type, nullable }: StructField): boolean {
  return nullable === false && type.kind !== 'array';
}

/** For a null in a field that is NOT NULL. */
export function missingField(name: string): Error {
  return CellRejected.of(`null, and field ${name} is NOT NULL`);
}

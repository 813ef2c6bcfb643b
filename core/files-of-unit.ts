import type { PlannedFile, WorkUnit } from './plan';

/** The files of a unit, in the order in which they are read; none for a unit of a database, and for a unit that is everything. */
export function filesOfUnit(unit: WorkUnit): readonly PlannedFile[] {
  if (unit.kind === 'files') return unit.files;
  return unit.kind === 'file' ? [unit] : [];
}

/** What there is to read of these files, in bytes as stored. */
export function bytesToRead(files: readonly Pick<PlannedFile, 'bytes' | 'range'>[]): number {
  return files.reduce((sum, { bytes, range }) => sum + (range?.bytes ?? bytes), 0);
}

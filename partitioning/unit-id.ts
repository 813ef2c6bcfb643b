/** A number within an id: padded, so that ids of one plan sort as text in the order of their numbers. */
export function numbered(value: number, largest: number, digits: number): string {
  return value.toString().padStart(Math.max(digits, largest.toString().length), '0');
}

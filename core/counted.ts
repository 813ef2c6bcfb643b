/** `3,000,000`. Not by Intl.NumberFormat: making one takes as long as the rest of `--help`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toFixed(0)
    .replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 row`, `2 rows`: `plural` is what is not one. */
export function formatCounted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

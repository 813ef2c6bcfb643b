/** How units at once are spread over threads: no more threads than cores, no more than units, and each with as many units as the others. */
export function spreadUnits(
  concurrency: number,
  cores: number,
): { readonly threads: number; readonly unitsPerThread: number } {
  const threads = Math.max(1, Math.min(concurrency, cores));
  return { threads, unitsPerThread: Math.max(1, Math.ceil(concurrency / threads)) };
}

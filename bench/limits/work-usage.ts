/**
 * What the work of a limit needs of its process, all threads together: from here on, when everything that it needs is imported. Written as
 * JSON to stdout, as `usage.py` would.
 */
export async function reportUsage(work: () => Promise<number>): Promise<void> {
  const before = process.resourceUsage();
  const began = performance.now();
  const rows = await work();
  const wallSeconds = (performance.now() - began) / 1000;
  const after = process.resourceUsage();
  const micros = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime;
  process.stdout.write(
    JSON.stringify({ rows, wallSeconds, cpuSeconds: micros / 1e6, peakMegabytes: after.maxRSS / 1024 }),
  );
}

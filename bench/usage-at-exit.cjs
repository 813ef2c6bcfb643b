'use strict';
// Preloaded into a measured process (node --require): writes what the process used to BEAMLIFT_USAGE_FILE when it ends.
const { writeFileSync } = require('node:fs');

process.once('exit', () => {
  const file = process.env.BEAMLIFT_USAGE_FILE;
  if (file === undefined) return;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    file,
    JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMegabytes: maxRSS / 1024 }),
  );
});

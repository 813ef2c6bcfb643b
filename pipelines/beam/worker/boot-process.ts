import { boot } from './boot';

/** What bin/beamlift-boot.js loads: `boot` as the whole of a process. */
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => stop.abort());
void boot({
  argv: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
}).then((code) => process.exit(code));

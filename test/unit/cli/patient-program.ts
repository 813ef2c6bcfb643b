import { runProcess } from '../../../launcher/run-process';

/** A process whose program waits for a signal: `patient-program.ts MODE`. */
void runProcess(process, {}, async ([mode], host) => {
  if (mode === 'crash') {
    setTimeout(() => {
      throw new Error('it broke outside of every promise');
    }, 1);
  }
  // Something that keeps the process alive, and would do so for ever.
  setInterval(() => undefined, 1_000);
  host.out.write('ready\n');
  if (mode === 'linger') return 7;
  await new Promise<void>((resolve) => host.signal.addEventListener('abort', () => resolve()));
  host.out.write(`stopped by ${String(host.signal.reason)}\n`);
  if (mode === 'stubborn') await new Promise(() => undefined);
  return host.signal.reason === 'SIGINT' ? 130 : 143;
});

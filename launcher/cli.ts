import { toBeamliftError } from '../core/errors';
import { SecretRedactor } from '../core/secret-redactor';
import { readEnvironment } from './config/environment';
import { EXIT } from './exit-code';
import { main } from './main';
import { renderError } from './output/error-block';
import { paletteFor } from './output/palette';
import { redactError } from './output/redaction';
import { createProcessHost } from './process-host';

/** Handles that are still open after a command (a driver's idle socket) get so long before the process ends all the same. */
const LINGER_MS = 2_000;

/** The program in this process: signals in, exit code out. The only file that touches `process`. */
async function runProcess(): Promise<void> {
  const controller = new AbortController();
  const host = createProcessHost(process, readEnvironment(), controller.signal);
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted && signal === 'SIGINT') process.exit(EXIT.interrupted);
    controller.abort(signal);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', tolerateClosedPipe);
  const redactor = new SecretRedactor();
  const redact = (text: string): string => redactor.redact(text);
  const dieOf = (thrown: unknown): void => {
    host.err.write(
      renderError(redactError(toBeamliftError(thrown).toReport(), redact), paletteFor(host.err)),
    );
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', dieOf);
  process.on('unhandledRejection', dieOf);

  const code = await main(process.argv.slice(2), host, { redactor });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** The reader went away (`| head`): there is no one left to write to, and that is no failure. */
function tolerateClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

void runProcess();

import { toBeamliftError } from '../core/errors';
import { SecretRedactor } from '../core/secret-redactor';
import type { Environment } from '../core/extractor';
import { EXIT } from './exit-code';
import type { Host } from './host';
import { renderError } from './output/error-block';
import { paletteFor } from './output/palette';
import { redactError } from './output/redaction';
import { createProcessHost } from './process-host';

/** `main`, or what a test puts in its place. */
export type Program = (
  argv: readonly string[],
  host: Host,
  parts: { redactor: SecretRedactor },
) => Promise<number>;

/**
 * Runs a program as the whole of a process: signals in, exit code out.
 *
 * - The first SIGINT or SIGTERM aborts `host.signal`, and the program cleans up; a SIGINT after that ends the process at once.
 * - A reader that goes away (`| head`) is no failure: what is written to it is dropped.
 * - The process ends when stdout and stderr are flushed, whatever is still open.
 */
export async function runProcess(
  process: NodeJS.Process,
  environment: Environment,
  program: Program,
): Promise<void> {
  const controller = new AbortController();
  const host = createProcessHost(process, environment, controller.signal);
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted && signal === 'SIGINT') process.exit(EXIT.interrupted);
    controller.abort(signal);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', tolerateClosedPipe);
  const redactor = new SecretRedactor();
  const die = (thrown: unknown): void => {
    const error = redactError(toBeamliftError(thrown).toReport(), (text) => redactor.redact(text));
    host.err.write(renderError(error, paletteFor(host.err)));
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);

  const code = await program(process.argv.slice(2), host, { redactor });
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // And not left to Node.js, which waits for sockets that drivers leave open; worse, with nothing left to wait for, it has been seen to
  // spin for ever in Environment::CleanupHandles over a request that never ended.
  process.exit(code);
}

function tolerateClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

import type { BeamliftError, ErrorReport } from '../../core/errors';
import type { Logger, LogLevel } from '../../core/logger';
import type { SecretRedactor } from '../../core/secret-redactor';
import type { Host } from '../host';
import { renderError } from './error-block';
import { createLog } from './log-writer';
import { decideOutput, type LogFormat, type OutputMode } from './output-mode';
import { paletteFor, type Palette } from './palette';
import { redactedJson, redactError, redactValue, type Redact } from './redaction';
import { Screen } from './screen';

export interface OutputFlags {
  readonly quiet?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

/** Where a command's words go: results to stdout, everything else to stderr; nothing leaves without being redacted. */
export class CommandOutput {
  readonly mode: OutputMode;
  readonly screen: Screen;
  readonly redact: Redact;
  /** For stderr. */
  readonly palette: Palette;
  /** For stdout. */
  readonly outPalette: Palette;
  private logger: Logger | undefined;

  constructor(
    private readonly host: Host,
    redactor: SecretRedactor,
    flags: OutputFlags,
  ) {
    this.mode = decideOutput({
      logFormat: flags.logFormat,
      logLevel: flags.logLevel,
      quiet: flags.quiet ?? false,
      isTerminal: host.err.isTerminal,
      term: host.environment['TERM'],
      environmentLevel: host.environment['LOG_LEVEL'],
    });
    this.redact = (text) => redactor.redact(text);
    this.screen = new Screen(host.err);
    this.palette = paletteFor(host.err);
    this.outPalette = paletteFor(host.out);
  }

  /** The log of the command, opened at the first call. */
  log(): Promise<Logger> {
    this.logger ??= createLog(this.mode, {
      print: (line) => this.screen.print(line),
      redact: this.redact,
      palette: this.palette,
      now: () => new Date(),
    });
    return Promise.resolve(this.logger);
  }

  /**
   * A copy of plain data without secrets, for rendering: once a text has been made printable, a secret with quotes or line
   * breaks in it would not be found any more.
   */
  redacted<Data>(data: Data): Data {
    return redactValue(data, this.redact) as Data;
  }

  /** A result for people, to stdout. */
  writeLines(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.screen.clear();
    this.host.out.write(this.redact(`${lines.join('\n')}\n`));
  }

  /** A result for programs, to stdout: one line. */
  writeJson(value: unknown): void {
    this.screen.clear();
    this.host.out.write(`${redactedJson(value, this.redact)}\n`);
  }

  /** A line for people, to stderr; not with `--quiet`. */
  say(line: string): void {
    if (!this.mode.quiet) this.screen.print(this.redact(`${line}\n`));
  }

  /** An error, to stderr: a block for people, an entry of the log where the log is JSON. */
  async fail(error: BeamliftError): Promise<void> {
    await this.failReport(error.toReport());
  }

  /** The same; `fields` are added to the entry, which is called `event`. */
  async failReport(
    error: ErrorReport,
    event = 'command.failed',
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    if (this.mode.format === 'json') {
      const log = await this.log();
      log.error(event, { ...fields, ...error });
      return;
    }
    this.screen.print(renderError(redactError(error, this.redact), this.palette));
  }
}

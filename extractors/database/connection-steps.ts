import type { BeamliftError } from '../../core/errors';
import type { ErrorCode } from '../../core/error-codes';
import type { CheckFinding } from '../../core/extractor';

/** The step at which each failure of connecting happens; everything else is the login. */
const STEP_OF_CODE: Partial<Record<ErrorCode, string>> = {
  CONFIG_INVALID: 'configuration',
  SECRET_UNRESOLVED: 'secret',
  SSH_HOST_KEY: 'ssh',
  CONNECTION_DNS: 'dns',
  CONNECTION_REFUSED: 'connect',
  CONNECTION_TIMEOUT: 'connect',
  CONNECTION_TLS: 'tls',
  DATABASE_NOT_FOUND: 'database',
};
const BEFORE_THE_NETWORK: readonly (string | undefined)[] = ['configuration', 'secret'];

/** What `check` has found on its way to a database, step by step: ssh, dns, connect, tls, login, database, rights. */
export class ConnectionSteps {
  private readonly found = new Map<string, CheckFinding>();

  /** @param hasTunnel whether the connection goes through an SSH server. */
  constructor(private readonly hasTunnel: boolean) {}

  get findings(): CheckFinding[] {
    return [...this.found.values()];
  }

  passed(step: string, detail: string): void {
    this.add({ step, ok: true, detail });
  }

  add(finding: CheckFinding): void {
    this.found.set(finding.step, finding);
  }

  /** The step at which it ended. */
  failed(failure: BeamliftError): void {
    const step = this.stepOf(failure);
    // servers look for the database, and the right to it, after the login
    if ((step === 'database' || step === 'rights') && !this.found.has('login')) {
      this.passed('login', 'accepted');
    }
    const detail = failure.why === undefined ? failure.what : `${failure.what}: ${failure.why}`;
    this.add({ step, ok: false, detail, ...(failure.hint === undefined ? {} : { hint: failure.hint }) });
  }

  private stepOf({ code }: BeamliftError): string {
    const step = STEP_OF_CODE[code];
    const wasReached = this.found.has('connect');
    if (this.hasTunnel && !this.found.has('ssh') && !BEFORE_THE_NETWORK.includes(step)) return 'ssh';
    // the SSH server forwards nothing
    if (this.hasTunnel && !wasReached && code === 'RIGHTS_MISSING') return 'connect';
    if (step !== undefined) return step;
    return this.found.has('database') || code === 'RIGHTS_MISSING' ? 'rights' : 'login';
  }
}

import { createSecretResolver } from '../../core/clients/secrets';
import type { SourceServices } from '../../core/extractor';
import type { Logger } from '../../core/logger';
import type { Manifest } from '../../core/manifest';
import type { RunContext, WorkUnit } from '../../core/plan';
import { SecretRedactor } from '../../core/secret-redactor';
import type { ProgressListener } from '../encode-rows';
import type { openEquipment, OpenEquipment } from '../open-equipment';
import { runUnit } from '../run-unit';
import { untilAborted } from './until-aborted';
import type { ThreadBirth } from './thread-services';

/** One attempt at a unit of a run that has been opened. */
export interface HostedAttempt {
  readonly context: RunContext;
  readonly unit: WorkUnit;
  readonly attempt: number;
  /** Whether the first attempt, too, looks for what was staged before. */
  readonly resumed: boolean;
}

/** Runs units of several runs on the thread that it is made on; source and destination of a run are opened once. */
export class UnitHost {
  /** Knows every secret that was resolved here. */
  readonly redactor = new SecretRedactor();
  private readonly opened = new Map<string, Promise<OpenEquipment>>();
  private readonly services: SourceServices;
  private readonly closing = new AbortController();

  constructor(
    {
      environment,
      baseFolder,
      inlineSecrets,
      sealedSecrets = new Map(),
    }: Omit<ThreadBirth, 'equipmentModule'>,
    log: Logger,
    private readonly openWith: typeof openEquipment,
  ) {
    const secrets = createSecretResolver({
      environment,
      baseFolder,
      inlineSecrets,
      sealedSecrets,
      redactor: this.redactor,
    });
    this.services = { secrets, environment, baseFolder, log };
  }

  /** Opens source and destination, unless they are open. `key`: the same for the same run. */
  async stage(
    key: string,
    { context, unit, attempt, resumed }: HostedAttempt,
    onProgress: ProgressListener,
    signal: AbortSignal,
  ): Promise<Manifest> {
    const equipment = { ...(await this.equipment(key, context, signal)), resumed };
    return await runUnit(context, unit, attempt, equipment, onProgress, signal);
  }

  /** Closes what is open for a run. Never throws. */
  async forget(key: string): Promise<void> {
    const opening = this.opened.get(key);
    this.opened.delete(key);
    await opening?.then(
      async (equipment) => await equipment.close(),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.opened.keys()].map(async (key) => await this.forget(key)));
  }

  private async equipment(key: string, context: RunContext, signal: AbortSignal): Promise<OpenEquipment> {
    signal.throwIfAborted();
    let opening = this.opened.get(key);
    if (opening === undefined) {
      // Other units wait for it as well: it does not end with the one that came first.
      opening = this.openWith(context, this.services, this.closing.signal);
      this.opened.set(key, opening);
      opening.catch(() => {
        if (this.opened.get(key) === opening) this.opened.delete(key);
      });
    }
    return await untilAborted(opening, signal);
  }
}

import type {
  ListedObject,
  ObjectClient,
  ObjectPage,
  ObjectRange,
} from '../../../core/clients/object-client';

/** A client that is made at its first call: secrets are looked up then. A call that could not make it lets the next one try again. */
export class OpenedAtFirstUse implements ObjectClient {
  private opened: Promise<ObjectClient> | undefined;

  constructor(
    readonly location: string,
    private readonly open: (signal: AbortSignal) => Promise<ObjectClient>,
  ) {}

  async listPage(prefix: string, page: string | undefined, signal: AbortSignal): Promise<ObjectPage> {
    return await (await this.client(signal)).listPage(prefix, page, signal);
  }

  async find(key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
    return await (await this.client(signal)).find(key, signal);
  }

  async *read(range: ObjectRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield* (await this.client(signal)).read(range, signal);
  }

  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    const client = await opened?.catch(() => undefined);
    await client?.close();
  }

  private async client(signal: AbortSignal): Promise<ObjectClient> {
    const opened = (this.opened ??= this.open(signal));
    try {
      return await opened;
    } catch (error) {
      if (this.opened === opened) this.opened = undefined;
      throw error;
    }
  }
}

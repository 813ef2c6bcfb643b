import type { StoredObject } from '../../../core/clients/gcs-bucket';
import { crc32c } from '../../../core/crc32c';

export interface ModelObject extends StoredObject {
  readonly body: Uint8Array;
}

/** The server side of a bucket: objects, generations, its own clock. */
export class ModelStore {
  readonly objects = new Map<string, ModelObject>();
  /** Grows with every change. */
  changes = 0;
  private generations = 1_000;

  /** `clock`: the store's. */
  constructor(
    readonly name: string,
    readonly clock: () => number,
  ) {}

  /** Headers of HTTP say times in seconds. */
  get(name: string): (ModelObject & { readonly storeTimeMs: number }) | undefined {
    const found = this.objects.get(name);
    if (found === undefined) return undefined;
    return { ...found, updatedMs: inSeconds(found.updatedMs), storeTimeMs: inSeconds(this.clock()) };
  }

  /** `ifGeneration` 0: it may not exist. */
  insert(
    name: string,
    body: Uint8Array,
    ifGeneration: string,
  ): (StoredObject & { readonly storeTimeMs: number }) | 'conflict' {
    if ((this.objects.get(name)?.generation ?? '0') !== ifGeneration) return 'conflict';
    const now = this.clock();
    const object: ModelObject = {
      name,
      generation: String(++this.generations),
      bytes: body.length,
      crc32c: checksum(body),
      updatedMs: now,
      body,
    };
    this.objects.set(name, object);
    this.changes++;
    return { ...described(object), storeTimeMs: now };
  }

  delete(name: string): void {
    if (this.objects.delete(name)) this.changes++;
  }

  /** Names in order; `after`: where the page before ended. */
  page(prefix: string, after: string, most: number): StoredObject[] {
    return [...this.objects.values()]
      .filter(({ name }) => name.startsWith(prefix) && name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, most)
      .map(described);
  }

  /** The content as text; undefined: no such object. */
  text(name: string): string | undefined {
    const object = this.objects.get(name);
    return object === undefined ? undefined : Buffer.from(object.body).toString('utf8');
  }
}

function described({ name, generation, bytes, crc32c: sum, updatedMs }: ModelObject): StoredObject {
  return { name, generation, bytes, crc32c: sum, updatedMs };
}

function inSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

/** CRC-32C as the service writes it. */
export function checksum(body: Uint8Array): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c(body));
  return bytes.toString('base64');
}

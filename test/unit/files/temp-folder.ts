import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A folder that is gone after the test. */
export class TempFolder {
  readonly path = mkdtempSync(path.join(os.tmpdir(), 'beamlift-test-'));

  /** Writes files, making folders on the way; returns the path of the last one. */
  write(files: Readonly<Record<string, string | Uint8Array>>): string {
    let target = this.path;
    for (const [name, content] of Object.entries(files)) {
      target = path.join(this.path, name);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    return target;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

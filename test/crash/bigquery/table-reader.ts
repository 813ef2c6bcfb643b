import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrashScene } from './crash-scene';
import { tableText } from './load-cases';

/** Between two reads, in milliseconds. */
const PAUSE_MS = 5;

/** It rests so many times as long as it has read: others need the server, too. */
const REST = 2;

/** So much of a table is shown that should not have been there. */
const SHOWN_CHARACTERS = 500;

/** Somebody who reads the table all the while: it is as it was before, and from some moment on as it has to be; never a part, and never back. */
export class TableReader {
  private reads = 0;
  private readonly shown: string[] = [];
  private readonly stopping = new AbortController();
  private readonly reading: Promise<void>;

  private constructor(private readonly scene: CrashScene) {
    this.reading = this.read();
    // Awaited when the reader is stopped.
    this.reading.catch(() => undefined);
  }

  /** What is done while it reads. Throws what it should not have seen. Returns how often it has read. */
  static async during(scene: CrashScene, work: () => Promise<void>): Promise<number> {
    const reader = new TableReader(scene);
    try {
      await work();
    } finally {
      reader.stopping.abort();
      await reader.reading;
    }
    reader.check();
    return reader.reads;
  }

  private async read(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const began = performance.now();
      const text = await this.scene.glance();
      this.reads += 1;
      if (text !== this.shown.at(-1)) this.shown.push(text);
      await sleep(Math.max(PAUSE_MS, REST * (performance.now() - began)));
    }
  }

  private check(): void {
    const { before, after } = this.scene.load;
    // A table that is made has no rows for a moment where another job than the one that makes it fills it.
    const expected = [tableText(before), ...(before === undefined ? [tableText([])] : []), tableText(after)];
    const places = this.shown.map((text) => expected.indexOf(text));
    const isRight = places.every((place, index) => place >= 0 && place > (places[index - 1] ?? -1));
    const told = this.shown.map((text) => `${text.slice(0, SHOWN_CHARACTERS)}\n`).join('then\n');
    assert.ok(isRight, `a reader saw\n${told}`);
    assert.ok(this.reads > 0, 'a reader did not read');
  }
}

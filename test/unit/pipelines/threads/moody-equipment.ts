import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../../../core/error-codes';
import { BeamliftError } from '../../../../core/errors';
import type { SourceServices } from '../../../../core/extractor';
import type { RunContext } from '../../../../core/plan';
import type { OpenEquipment } from '../../../../pipelines/open-equipment';
import { FakeEquipment } from '../fake-equipment';

const connectionSchema = z.object({ folder: z.string(), password: z.string() });

/** Where the lines of `journal` are written, and what marks a mood as spent: the staging folder of the context. */
export const JOURNAL = 'journal';

/**
 * Equipment whose source behaves as a unit's id says: `MOOD` each time, `MOOD-once` at the first attempt, then one row. Every event is a
 * line of the journal: `opened`, `read UNIT`, `stopped UNIT`, `closed`, each with the thread's number.
 */
export async function openEquipment(
  context: Pick<RunContext, 'source' | 'destination' | 'job'>,
  services: SourceServices,
): Promise<OpenEquipment> {
  const { folder, password } = connectionSchema.parse(context.source.connection);
  const note = (line: string): void => appendFileSync(path.join(folder, JOURNAL), `${threadId} ${line}\n`);
  const secret = await services.secrets.resolve(password, new AbortController().signal);
  if (secret === 'refused') throw new BeamliftError('LOGIN_FAILED', { what: `refused: ${secret}` });
  note('opened');
  const fake = new FakeEquipment(async function* ({ unit: { id } }, _attempt, signal) {
    note(`read ${id}`);
    const [mood = '', once] = id.split('-');
    const spent = path.join(folder, `spent-${id}`);
    if (once !== 'once' || !existsSync(spent)) {
      writeFileSync(spent, '');
      try {
        for await (const text of behave(mood, secret, services, signal)) yield [text];
      } catch (error) {
        note(`stopped ${id}`);
        throw error;
      }
    }
    yield ['1'];
  });
  const close = async (): Promise<void> => {
    await sleep(1);
    note('closed');
  };
  return { ...fake.equipment, close };
}

async function* behave(
  mood: string,
  secret: string,
  { log }: SourceServices,
  signal: AbortSignal,
): AsyncGenerator<string> {
  switch (mood) {
    case 'exit':
      process.exit(7);
    case 'crash':
      setImmediate(() => {
        throw new Error(`nobody catches ${secret}`);
      });
      await sleep(10_000, undefined, { signal });
      return;
    case 'hoard': {
      const hoard: number[][] = [];
      for (;;) hoard.push(Array.from({ length: 100_000 }, (_, index) => index + hoard.length));
    }
    case 'busy':
      for (;;);
    case 'wait':
      await sleep(60_000, undefined, { signal });
      return;
    case 'chatty':
      for (let index = 0; index < 5_000; index++) yield '1';
      return;
    case 'long':
      for (let index = 0; index < 40; index++) {
        await sleep(20, undefined, { signal });
        yield '1';
      }
      return;
    case 'bad':
      yield 'one';
      return;
    case 'tell':
      log.warn('told', { secret, nested: [{ text: `with ${secret} inside` }], large: 5n });
      log.info('rolled up', rolledUp());
      return;
    case 'TypeError':
      throw new TypeError(`no property of ${secret}`);
    default:
      if (isCode(mood)) {
        const cause = Object.assign(new Error(`driver says ${secret}`), { code: 'ECONNRESET' });
        throw new BeamliftError(mood, {
          what: `what ${secret}`,
          where: { column: 'n', value: `value ${secret}`, row: 'line 3' },
          why: `why ${secret}`,
          hint: `hint ${secret}`,
          cause,
        });
      }
  }
}

/** What holds itself. */
function rolledUp(): Record<string, unknown> {
  const roll: Record<string, unknown> = {};
  roll['roll'] = roll;
  return roll;
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

import { Writable } from 'node:stream';
import type * as Prompts from '@inquirer/prompts';
import { BeamliftError } from '../../core/errors';
import type { Host } from '../host';

export interface Choice<Value> {
  readonly value: Value;
  readonly label: string;
  readonly says?: string;
}

/** Asks a person. Every question names the flag that answers it beforehand. */
export interface Prompter {
  text(question: string, flag: string, suggestion: string | undefined): Promise<string>;
  /** May be left empty: undefined. */
  optionalText(question: string, suggestion: string | undefined): Promise<string | undefined>;
  /** Not shown while it is typed. */
  secret(question: string, flag: string): Promise<string>;
  choose<Value>(question: string, flag: string, choices: readonly Choice<Value>[]): Promise<Value>;
  /** Any number of them; all are chosen to begin with. */
  chooseMany(question: string, flag: string, choices: readonly string[]): Promise<string[]>;
  confirm(question: string): Promise<boolean>;
}

/** Lines of a list that are shown at once. */
const PAGE_SIZE = 15;

/** Asks on the terminal: questions go to stderr. A closed or interrupted prompt throws CANCELLED, which says `interrupted`. */
export function terminalPrompter(
  host: Host,
  interrupted = 'init was interrupted; nothing was written',
): Prompter {
  const ask = async <Answer>(
    prompt: (prompts: typeof Prompts, context: PromptContext) => Promise<Answer>,
  ): Promise<Answer> => {
    const context = {
      input: host.input,
      output: promptOutput(host),
      signal: host.signal,
      clearPromptOnDone: false,
    };
    try {
      return await prompt(await import('@inquirer/prompts'), context);
    } catch (cause) {
      throw new BeamliftError('CANCELLED', { what: interrupted, cause });
    }
  };
  return {
    text: async (message, _flag, suggestion) =>
      await ask(async ({ input }, context) => {
        const question = {
          message,
          required: true,
          ...(suggestion === undefined ? {} : { default: suggestion }),
        };
        return (await input(question, context)).trim();
      }),
    optionalText: async (message, suggestion) =>
      await ask(async ({ input }, context) => {
        const question = { message, ...(suggestion === undefined ? {} : { default: suggestion }) };
        const answer = (await input(question, context)).trim();
        return answer === '' ? undefined : answer;
      }),
    secret: async (message) =>
      await ask(async ({ password }, context) => await password({ message, mask: '*' }, context)),
    choose: async (message, _flag, choices) =>
      await ask(async ({ select }, context) => {
        const list = choices.map(({ value, label, says }) => ({
          value,
          name: label,
          ...(says === undefined ? {} : { description: says }),
        }));
        return await select({ message, choices: list, pageSize: PAGE_SIZE }, context);
      }),
    chooseMany: async (message, _flag, choices) =>
      await ask(async ({ checkbox }, context) => {
        const list = choices.map((value) => ({ value, name: value, checked: true }));
        return await checkbox({ message, choices: list, pageSize: PAGE_SIZE, required: true }, context);
      }),
    confirm: async (message) =>
      await ask(async ({ confirm }, context) => await confirm({ message, default: true }, context)),
  };
}

interface PromptContext {
  readonly input: NodeJS.ReadableStream;
  readonly output: Writable;
  readonly signal: AbortSignal;
  readonly clearPromptOnDone: boolean;
}

/** One for each prompt: a prompt ends its output when it is done. */
function promptOutput(host: Host): Writable {
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      host.err.write(chunk.toString('utf8'));
      done();
    },
  });
  return Object.assign(output, { columns: host.err.columns, isTTY: true });
}

/** Where nobody can be asked: an unanswered question is a usage error that names the flag; confirmations are given. */
export function silentPrompter(): Prompter {
  const refuse = (question: string, flag: string): Promise<never> =>
    Promise.reject(
      new BeamliftError('USAGE', {
        what: `${flag} is needed: ${question}`,
        why: 'There is no terminal to ask on (or --yes was given).',
        hint: `Add ${flag}, or run init on a terminal.`,
      }),
    );
  return {
    text: async (question, flag, suggestion) =>
      suggestion === undefined ? await refuse(question, flag) : suggestion,
    optionalText: (_question, suggestion) => Promise.resolve(suggestion),
    secret: refuse,
    choose: refuse,
    chooseMany: (_question, _flag, choices) => Promise.resolve([...choices]),
    confirm: () => Promise.resolve(true),
  };
}

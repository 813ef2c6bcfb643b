import assert from 'node:assert/strict';
import { SecretKeys } from '../../../core/sealed-secrets';
import { connectionRole, ALL_MODULES } from '../../../launcher/config/endpoint-modules';
import { askConnection } from '../../../launcher/connections/ask-connection';
import type { StoredConnection } from '../../../launcher/connections/connection-store';
import type { ConnectionAnswers } from '../../../launcher/connections/gather-fields';
import type { Prompter } from '../../../launcher/init/prompter';
import { storedConnection } from '../../contract/connection-store';

const KEY = Buffer.alloc(32, 1).toString('base64');
const NOTHING: ConnectionAnswers = { texts: new Map(), secrets: new Map(), unset: [] };

/** Gives the answers by the first word of the question; what is left out is left empty. */
function scripted(answers: Record<string, string | string[]>): Prompter & { asked: string[] } {
  const asked: string[] = [];
  const answer = (question: string, suggestion?: string): string | undefined => {
    asked.push(`${question}${suggestion === undefined ? '' : ` [${suggestion}]`}`);
    const [word = ''] = question.split(' ');
    const given = answers[word];
    return (Array.isArray(given) ? given.shift() : given) ?? suggestion;
  };
  return {
    asked,
    text: async (question, _flag, suggestion) => answer(question, suggestion) ?? '',
    optionalText: async (question, suggestion) => answer(question, suggestion),
    secret: async (question) => answer(question) ?? '',
    choose: async (question, _flag, choices) => {
      const wanted = answer(question);
      const choice = choices.find(({ value }) => value === wanted);
      assert.ok(choice, `${question}: ${String(wanted)}`);
      return choice.value;
    },
    chooseMany: async () => assert.fail('nothing is chosen many times'),
    confirm: async () => true,
  };
}

async function ask(
  prompter: Prompter,
  {
    given = NOTHING,
    existing,
    key = KEY,
  }: { given?: ConnectionAnswers; existing?: StoredConnection; key?: string } = {},
): Promise<{ type: string | undefined; texts: object; secrets: object }> {
  const role = connectionRole(ALL_MODULES);
  const answers = await askConnection(given, { role, existing, prompter, keys: new SecretKeys(key) });
  const { type, texts, secrets } = answers;
  return { type, texts: Object.fromEntries(texts), secrets: Object.fromEntries(secrets) };
}

describe('questions about a connection', () => {
  it('are those of its kind, and keep secrets apart', async () => {
    const prompter = scripted({
      What: 'postgresql',
      host: 'db',
      port: '5433',
      password: '${not a reference',
    });
    assert.deepEqual(await ask(prompter), {
      type: 'postgresql',
      texts: { host: 'db', port: '5433' },
      secrets: { password: '${not a reference' },
    });
    const words = prompter.asked.map((question) => question.split(' ')[0]);
    assert.deepEqual(words, ['What', 'host', 'port', 'database', 'user', 'password', 'Set']);
    assert.ok(prompter.asked.includes('port (default: PGPORT, then 5432)'));
  });

  it('take a reference as one', async () => {
    const { texts, secrets } = await ask(scripted({ What: 'postgresql', password: '${env:SHOP_PW}' }));
    assert.deepEqual([texts, secrets], [{ password: '${env:SHOP_PW}' }, {}]);
  });

  it('go into a field that has fields, if wanted', async () => {
    const prompter = scripted({ What: 'mysql', Set: ['ssh'], 'ssh.host': 'jump', 'ssh.password': 'geheim' });
    const { texts, secrets } = await ask(prompter);
    assert.deepEqual([texts, secrets], [{ 'ssh.host': 'jump' }, { 'ssh.password': 'geheim' }]);
  });

  it('are not asked again, and suggest what is stored', async () => {
    const existing = storedConnection('shop', 'r');
    const prompter = scripted({});
    const given = { ...NOTHING, texts: new Map([['host', 'other']]) };
    assert.deepEqual(await ask(prompter, { given, existing }), {
      type: 'postgresql',
      texts: { host: 'other', port: '5432', user: '${env:SHOP_USER}' },
      secrets: {},
    });
    assert.ok(prompter.asked.some((question) => /^port .* \[5432\]$/.test(question)));
    assert.ok(prompter.asked.some((question) => /^password \(empty: as it is;/.test(question)));
  });

  it('end at a secret that cannot be stored', async () => {
    const prompter = scripted({ What: 'postgresql', password: 'geheim' });
    await assert.rejects(ask(prompter, { key: '' }), /can only be stored encrypted/);
    assert.match(
      prompter.asked.at(-1) ?? '',
      /a reference such as \$\{env:NAME\}, since BEAMLIFT_SECRET_KEY is not set/,
    );
  });

  it('are those of every kind of source', async () => {
    for (const { type, secretFields, schema } of connectionRole(ALL_MODULES).modules) {
      const prompter = scripted({ What: type });
      await ask(prompter);
      const asked = prompter.asked.map((question) => question.split(' ')[0] ?? '');
      assert.ok(asked.length >= 2, type);
      for (const field of asked.filter((word) => Object.hasOwn(schema.shape, word))) {
        const hidden = prompter.asked.some((question) => question.startsWith(`${field} (empty: none;`));
        assert.equal(hidden, secretFields.includes(field), `${type} ${field}`);
      }
    }
  });
});

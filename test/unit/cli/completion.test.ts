import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { main } from '../../../launcher/main';
import { fakeEngine } from './fake-engine';
import { fakeHost } from './fake-host';

async function script(shell: string): Promise<string> {
  const host = fakeHost();
  assert.equal(await main(['completion', shell], host, { engine: fakeEngine() }), 0);
  return host.out.text();
}

describe('completion', () => {
  describe('bash', () => {
    let source: string;
    before(async () => {
      source = await script('bash');
    });
    /** What bash offers for the last word. */
    const complete = (...words: string[]): string[] => {
      const command = `${source}
COMP_WORDS=(beamlift ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_beamlift; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', command], { encoding: 'utf8' }).split('\n').filter(Boolean);
    };

    it('offers commands', () => {
      assert.deepEqual(complete('ru'), ['run', 'runs']);
      assert.ok(complete('').includes('completion'));
      assert.deepEqual(complete('runs', 's'), ['show']);
    });

    it('offers the flags of the command', () => {
      assert.deepEqual(complete('run', '--dry'), ['--dry-run']);
      assert.deepEqual(complete('plan', '--dry'), []);
      assert.deepEqual(complete('run', 'orders', '--full'), ['--full-refresh']);
      assert.deepEqual(complete('runs', 'list', '--st'), ['--status']);
    });

    it('offers the values of a flag, and files for a path', () => {
      assert.deepEqual(complete('run', '--log-format', ''), ['text', 'json']);
      assert.deepEqual(complete('runs', 'list', '--status', 'needs'), ['needs_attention']);
      assert.deepEqual(complete('run', '-f', `${__dirname}/completion.t`), [
        `${__dirname}/completion.test.ts`,
      ]);
      assert.deepEqual(complete('run', '--limit', ''), []);
    });

    it('is registered for the program, installed and in a clone', () => {
      const registered = execFileSync('bash', ['-c', `${source}\ncomplete -p`], { encoding: 'utf8' });
      assert.match(registered, /-F _beamlift beamlift$/m);
      assert.match(registered, /-F _beamlift beamlift\.js$/m);
    });
  });

  it('zsh: a function for each command, quotes and brackets escaped', async () => {
    const text = await script('zsh');
    assert.match(text, /^#compdef beamlift beamlift\.js$/m);
    for (const name of ['_beamlift', '_beamlift_run', '_beamlift_runs_show'])
      assert.ok(text.includes(`\n${name}() {`), name);
    assert.match(text, /'--log-format\[.*\]:value:\(text json\)'/);
    assert.match(text, /'--file\[.*\]:value:_files'/);
    const balanced = text.replaceAll("'\\''", '').split("'").length % 2;
    assert.equal(balanced, 1, 'an odd number of quotes');
  });

  it('fish: commands and flags under their conditions', async () => {
    const text = await script('fish');
    assert.match(
      text,
      /^complete -c beamlift -n 'not __fish_seen_subcommand_from .*' -f -a 'run' -d 'load jobs/m,
    );
    assert.match(
      text,
      /^complete -c beamlift -n '__fish_seen_subcommand_from run' -l log-format -x -a 'text json' -d /m,
    );
    assert.match(
      text,
      /^complete -c beamlift -n '__fish_seen_subcommand_from runs; and __fish_seen_subcommand_from list' -l status/m,
    );
    assert.match(text, /^complete -c beamlift -n '__fish_seen_subcommand_from run' -l file -s f -r -d /m);
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { provideIsPrimitive } from '../../pipelines/beam/repairs/primitive-check';
import { replaceMethod, takeBack } from '../../pipelines/beam/repairs/replace-method';
import { checkSdkVersion, installedSdkVersion, SDK_VERSION } from '../../pipelines/beam/sdk-version';
import { hasCode } from '../has-code';

const ROOT = path.resolve(__dirname, '../..');

/** What a new process prints for `script`, or what ends it. */
async function node(script: string, ...flags: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', script], { cwd: ROOT });
    return stdout.trim();
  } catch (error) {
    return String(error);
  }
}

describe('loading the Beam SDK', () => {
  it('is refused for any other version, with what to do', async () => {
    checkSdkVersion(await installedSdkVersion());
    assert.throws(() => checkSdkVersion('2.50.0'), hasCode('RUNNER_UNUSABLE', /2\.50\.0.*2\.49\.0 exactly/));
    assert.throws(() => checkSdkVersion(undefined), hasCode('RUNNER_UNUSABLE', /not installed/));
    assert.equal(SDK_VERSION, '2.49.0');
  });

  it('works where Node.js has no util.isPrimitive (builtins.js:123), and any module of it may be first (pvalue.js:231)', async () => {
    const late = "delete require('util').isPrimitive;";
    const create = "console.log(typeof require('apache-beam/transforms/create').create)";
    const entry = "require('./pipelines/beam/sdk-entry');";
    const results = await Promise.all([
      node(`${late} require('apache-beam')`),
      node(create),
      node(`${late} ${entry} ${create}`, '--require', 'tsx/cjs'),
    ]);
    assert.match(results[0], /isPrimitive\) is not a function/);
    assert.match(results[1], /Class extends value undefined/);
    assert.equal(results[2], 'function');
  });

  it('does not happen with what the launcher imports', async () => {
    const loaded = await node(
      "require('./pipelines/beam/direct'); console.log(Object.keys(require.cache).filter((file) => file.includes('apache-beam')).length)",
      '--require',
      'tsx/cjs',
    );
    assert.equal(loaded, '0');
  });

  it('gives isPrimitive only to who lacks it', () => {
    const lacking: { isPrimitive?: (value: unknown) => boolean } = {};
    provideIsPrimitive(lacking);
    const { isPrimitive } = lacking;
    assert.ok(isPrimitive);
    const primitives = [null, undefined, 0, '', true, 1n, Symbol.iterator];
    assert.ok(primitives.every((value) => isPrimitive(value)));
    assert.ok(![{}, [], () => undefined].some((value) => isPrimitive(value)));
    provideIsPrimitive(lacking);
    assert.equal(lacking.isPrimitive, isPrimitive);
  });
});

describe('replaceMethod', () => {
  it('replaces once, can be taken back, and refuses what is not there', () => {
    const target = { greet: (name: string) => `hello ${name}` };
    const louder = (original: (this: unknown, name: string) => string) => (name: string) =>
      original.call(target, name).toUpperCase();
    replaceMethod<unknown, [string], string>(target, 'greet', louder);
    replaceMethod<unknown, [string], string>(target, 'greet', louder);
    assert.equal(target.greet('you'), 'HELLO YOU');
    const putBack = takeBack(target, 'greet');
    assert.equal(target.greet('you'), 'hello you');
    putBack();
    assert.equal(target.greet('you'), 'HELLO YOU');
    assert.throws(() => replaceMethod(target, 'leave', (original) => original), hasCode('INTERNAL', /leave/));
  });
});

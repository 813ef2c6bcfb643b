import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compiledFileOf, readBundle, withChecks } from '../../../core/clients/bundle-file';

const SOURCE = [
  'const folder = __dirname;',
  'const places = () => [folder, __filename, module.exports === exports];',
  'module.exports = { places, load: () => require("./beside.cjs"), fail: () => { throw new Error("no"); } };',
  'module.exports.loadLater = () => importPackage("yaml");',
].join('\n');

describe('readBundle', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bundle-'));
    file = path.join(folder, 'bundle.js');
    await writeFile(file, SOURCE);
    await writeFile(path.join(folder, 'beside.cjs'), 'module.exports = "beside";');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function compile(): Promise<Buffer> {
    const bundle = readBundle(file);
    bundle.members['places']?.();
    const content = withChecks(file, bundle.compiled());
    await writeFile(compiledFileOf(file), content);
    return content;
  }

  for (const isCompiled of [false, true]) {
    it(`is as a module of its own ${isCompiled ? 'with' : 'without'} compiled code`, async () => {
      if (isCompiled) await compile();
      const { members, wasCompiled } = readBundle(file);
      assert.equal(wasCompiled, isCompiled);
      assert.deepEqual(members['places']?.(), [folder, file, false]);
      assert.equal(members['load']?.(), 'beside');
      assert.equal(await members['loadLater']?.(), await import('yaml'));
    });
  }

  it('tells the places of errors as the file has them', async () => {
    await compile();
    assert.throws(
      () => readBundle(file).members['fail']?.(),
      (error: Error) => error.stack?.includes(`${file}:3:`) === true,
    );
    await writeFile(file, 'module.exports = { first: () => { throw new Error("no"); } };');
    assert.throws(
      () => readBundle(file).members['first']?.(),
      (error: Error) => error.stack?.includes(`${file}:1:41`) === true,
    );
  });

  it('uses no code of another bundle, though it is as long', async () => {
    await compile();
    await writeFile(file, SOURCE.replace('"no"', '"on"'));
    const { members, wasCompiled } = readBundle(file);
    assert.equal(wasCompiled, false);
    assert.throws(() => members['fail']?.(), /on/);
  });

  it('uses no code that is damaged, wherever, or cut off', async () => {
    const content = await compile();
    const places = [0, 5, 8, 20, content.length >> 1, content.length - 1];
    for (const place of places) {
      const damaged = Buffer.from(content);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      await writeFile(compiledFileOf(file), damaged);
      assert.equal(readBundle(file).wasCompiled, false, `byte ${place}`);
    }
    for (const length of [0, 3, 8, content.length - 1]) {
      await writeFile(compiledFileOf(file), content.subarray(0, length));
      assert.equal(readBundle(file).wasCompiled, false, `${length} bytes`);
    }
    await writeFile(compiledFileOf(file), content);
    await appendFile(file, '\n');
    assert.equal(readBundle(file).wasCompiled, false);
    assert.equal((await readFile(file, 'utf8')).length, SOURCE.length + 1);
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EncodedStream } from '../../../core/encoding';
import type { RunContext } from '../../../core/plan';
import type { ColumnType } from '../../../core/schema';
import { ownIdentity } from '../../../loaders/process-identity';
import { ABANDONED_AFTER_MS, sweepAbandoned, sweepRunFolder } from '../../../loaders/run-folders';
import { findStagedUnit, partFile, stageUnit } from '../../../loaders/staging-folder';
import { DuckdbFixture, NEVER, encodedTexts, unit } from './duckdb-fixture';
import { Oracle } from './oracle';

const COLUMNS = [['id', { kind: 'int', bits: 64 } as ColumnType]] as const;
const LINES = ['{"id":1}\n', '{"id":2}\n'];

describe('the staging folder', () => {
  let fixture: DuckdbFixture;
  let context: RunContext;
  beforeEach(async () => {
    fixture = await DuckdbFixture.make(new Oracle());
    context = fixture.context(COLUMNS);
  });
  afterEach(async () => await fixture.remove());

  const files = async (): Promise<string[]> =>
    (await readdir(context.stagingFolder)).filter((name) => name !== 'owner.json').sort();

  it('holds a part and a manifest that names it', async () => {
    const manifest = await stageUnit(context, unit('u'), encodedTexts(LINES), NEVER);
    assert.deepEqual(await files(), [`u.${manifest.attempt}.0.ndjson`, 'u.manifest.json']);
    assert.deepEqual(manifest.parts, [{ uri: `u.${manifest.attempt}.0.ndjson`, rows: 2, bytes: 18 }]);
    assert.deepEqual([manifest.bytesStaged, manifest.counts.rowsStaged], [18, 2]);
    const [part] = manifest.parts;
    assert.ok(part);
    assert.equal(await readFile(partFile(context, part), 'utf8'), LINES.join(''));
    assert.deepEqual(await findStagedUnit(context, unit('u'), NEVER), manifest);
    assert.equal(await findStagedUnit(context, unit('v'), NEVER), undefined);
    assert.equal(await findStagedUnit({ ...context, runId: 'other' }, unit('u'), NEVER), undefined);
  });

  it('the first to finish a unit wins, and the others leave nothing', async () => {
    const attempts = await Promise.all(
      Array.from({ length: 8 }, async () => await stageUnit(context, unit('u'), encodedTexts(LINES), NEVER)),
    );
    assert.equal(new Set(attempts.map(({ attempt }) => attempt)).size, 1);
    assert.deepEqual((await files()).length, 2);
    const again = await stageUnit(context, unit('u'), encodedTexts(['{"id":9}\n']), NEVER);
    assert.deepEqual(again, attempts[0]);
    assert.deepEqual((await files()).length, 2);
  });

  it('a unit without rows has a manifest without parts', async () => {
    const manifest = await stageUnit(context, unit('u'), encodedTexts([]), NEVER);
    assert.deepEqual([manifest.parts, manifest.bytesStaged], [[], 0]);
    assert.deepEqual(await files(), ['u.manifest.json']);
  });

  it('large units become several parts, cut between blocks', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `{"id":${index}}\n`);
    const manifest = await stageUnit(context, unit('u'), encodedTexts(lines), NEVER, 2_000);
    assert.deepEqual(
      manifest.parts.map(({ rows }) => rows),
      [200, 200, 200, 200, 200],
    );
    const texts = await Promise.all(
      manifest.parts.map(async (part) => await readFile(partFile(context, part), 'utf8')),
    );
    assert.equal(texts.join(''), lines.join(''));
  });

  it('a failed or aborted unit leaves nothing', async () => {
    const stop = new AbortController();
    const stream: EncodedStream = {
      ...encodedTexts([]),
      blocks: (async function* () {
        yield await Promise.resolve({ bytes: Buffer.from('{}\n'), rows: 1 });
        stop.abort(new Error('enough'));
        yield { bytes: Buffer.from('{}\n'), rows: 1 };
      })(),
    };
    await assert.rejects(stageUnit(context, unit('u'), stream, stop.signal), /enough/);
    assert.deepEqual(await files(), []);
  });

  it('ids of units make names that are safe and different', async () => {
    const ids = [
      'a',
      'A',
      '../../etc/passwd',
      '..',
      '.',
      'a/b',
      'a_b',
      'a b',
      '',
      'x'.repeat(300),
      'é',
      'con:1',
    ];
    for (const [index, id] of ids.entries()) {
      await stageUnit(context, unit(id), encodedTexts([`{"id":${index}}\n`]), NEVER);
    }
    const manifests = (await files()).filter((name) => name.endsWith('.manifest.json'));
    assert.equal(new Set(manifests.map((name) => name.toLowerCase())).size, ids.length);
    assert.ok(manifests.every((name) => /^[\w~.-]{1,120}$/.test(name)));
    for (const id of ids) assert.equal((await findStagedUnit(context, unit(id), NEVER))?.unit, id);
  });

  it('sweeping removes the own folder, and no other', async () => {
    await stageUnit(context, unit('u'), encodedTexts(LINES), NEVER);
    await sweepRunFolder({ ...context, stagingFolder: fixture.folder });
    assert.equal(existsSync(context.stagingFolder), true);
    await sweepRunFolder(context);
    await sweepRunFolder(context);
    assert.equal(existsSync(context.stagingFolder), false);
    assert.equal(existsSync(fixture.folder), true);
  });

  it('what dead runs left is removed after a while; nothing else is', async () => {
    const root = path.dirname(context.stagingFolder);
    const old = new Date(Date.now() - ABANDONED_AFTER_MS - 60_000);
    const make = async (name: string, owner: object | undefined, time: Date): Promise<void> => {
      const folder = path.join(root, name);
      await mkdir(folder, { recursive: true });
      if (owner !== undefined) {
        await writeFile(path.join(folder, 'owner.json'), JSON.stringify(owner));
        await utimes(path.join(folder, 'owner.json'), time, time);
      }
      await utimes(folder, time, time);
    };
    const own = ownIdentity();
    const dead = { ...own, started: '1' };
    await make('dead-and-old', dead, old);
    await make('dead-and-new', dead, new Date());
    await make('alive', own, old);
    await make('elsewhere', { ...dead, host: 'elsewhere' }, old);
    await make('nobody', undefined, old);
    await make('not-ours', { name: 'x' }, old);
    await writeFile(path.join(root, 'a file'), '');
    assert.deepEqual(await sweepAbandoned(context), ['dead-and-old']);
    assert.deepEqual((await readdir(root)).sort(), [
      'a file',
      'alive',
      'dead-and-new',
      'elsewhere',
      'nobody',
      'not-ours',
    ]);
    assert.deepEqual(await sweepAbandoned({ ...context, stagingFolder: '/nowhere/at/all' }), []);
  });
});

import assert from 'node:assert/strict';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Manifest } from '../../../../core/manifest';
import { runInProcess } from '../../../../pipelines/in-process';
import { openEquipment } from '../../../../pipelines/open-equipment';
import { UnitThreads } from '../../../../pipelines/threads/unit-threads';
import type * as UnitThreadsModule from '../../../../pipelines/threads/unit-threads';
import { quietServices } from '../../../contract/quiet-services';
import { compileSources } from './compiled-sources';
import { planFiles, sayings } from './planned-files';

describe('Units on threads', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-same-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** Stages all files twice, in process and on threads, and expects the same; the warehouse itself is left alone. */
  const compare = async (
    object: Parameters<typeof planFiles>[1],
    Threads: typeof UnitThreads,
    threadCount = 1,
  ): Promise<readonly Manifest[]> => {
    const services = quietServices(folder);
    const { context, units } = await planFiles(folder, object, services);
    assert.ok(units.length > 1);
    const signal = new AbortController().signal;
    const equipment = await openEquipment(context, services, signal);
    const threads = new Threads({
      threads: threadCount,
      unitsPerThread: 2,
      services: { ...services, inlineSecrets: new Map() },
    });
    try {
      const options = { concurrency: 3, listener: () => undefined, signal };
      const here = await runInProcess(context, units, equipment, options);
      const expected = await sayings(context, here);
      await rm(context.stagingFolder, { recursive: true });
      await rm(context.rejectFolder, { recursive: true, force: true });
      // Whatever reads or stages here from now on fails.
      const nothing = { ...equipment, extractor: {}, loader: {} } as unknown as typeof equipment;
      const there = await runInProcess(context, units, nothing, { ...options, threads });
      assert.deepEqual(await sayings(context, there), expected);
      await assert.rejects(access(path.join(folder, 'warehouse.duckdb')), { code: 'ENOENT' });
      return there;
    } finally {
      await threads.close();
      await equipment.close();
    }
  };

  it('stage what they stage in process: CSV with rejects', async () => {
    for (const file of ['a', 'b', 'c', 'd']) {
      const rows = Array.from(
        { length: 900 },
        (_, index) => `${index},"text ${file}, ${index}",2024-01-0${(index % 9) + 1}`,
      );
      await writeFile(path.join(folder, `${file}.csv`), ['n,s,d', ...rows, 'one,x', ''].join('\n'));
    }
    const manifests = await compare({ pattern: '*.csv', format: 'csv' }, UnitThreads, 2);
    assert.ok(manifests.every(({ counts }) => counts.rowsStaged === 900 && counts.rowsRejected === 1));
  });

  it('stage what they stage in process: Parquet, whose decoder has a thread of its own', async () => {
    for (const name of ['1', '2', '3']) {
      const values = Array.from({ length: 5_000 }, (_, index) => `${name}/${index}`);
      const content = parquetWriteBuffer({ columnData: [{ name: 's', data: values, type: 'STRING' }] });
      await writeFile(path.join(folder, `${name}.parquet`), new Uint8Array(content));
    }
    await compare({ pattern: '*.parquet', format: 'parquet' }, UnitThreads);
  });

  it('are found where the program is compiled, too', async () => {
    for (const name of ['1', '2', '3']) {
      await writeFile(
        path.join(folder, `${name}.jsonl`),
        '{"n":1,"constructor":"x"}\n{"n":2,"__proto__":[1]}\n',
      );
    }
    const compiled = await compileSources();
    try {
      const file = path.join(compiled, 'pipelines', 'threads', 'unit-threads.js');
      const module = createRequire(__filename)(file) as typeof UnitThreadsModule;
      assert.notEqual(module.UnitThreads, UnitThreads);
      await compare({ pattern: '*.jsonl', format: 'jsonl' }, module.UnitThreads);
    } finally {
      await rm(compiled, { recursive: true, force: true });
    }
  });
});

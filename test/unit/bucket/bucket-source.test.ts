import assert from 'node:assert/strict';
import { z } from 'zod';
import type { ObjectClient } from '../../../core/clients/object-client';
import type { ErrorCode } from '../../../core/error-codes';
import { BeamliftError } from '../../../core/errors';
import type { DiscoverOptions, SourceModule } from '../../../core/extractor';
import type { SourceSpec } from '../../../core/plan';
import { bucketSource } from '../../../extractors/files/bucket/bucket-source';
import { quietServices } from '../../contract/quiet-services';
import { hasCode } from '../../has-code';
import { MemoryClient } from './memory-client';

describe('bucketSource', () => {
  const { signal } = new AbortController();
  const services = quietServices('/');
  let opened: MemoryClient[];
  beforeEach(() => {
    opened = [];
  });

  const sourceOf = (open: () => MemoryClient): SourceModule =>
    bucketSource({
      type: 'memory',
      aliases: [],
      title: 'A bucket in memory',
      connectionSchema: z.strictObject({}),
      secretFields: [],
      parseUrl: () => undefined,
      place: () => ({ location: 's3://bucket', prefix: 'exports' }),
      openClient: (): Promise<ObjectClient> => {
        const client = open();
        opened.push(client);
        return Promise.resolve(client);
      },
    });
  const spec = (object: SourceSpec['object']): SourceSpec => ({
    type: 'memory',
    connectionName: 'here',
    connection: {},
    object,
    maxConnections: 1,
  });
  const files: SourceSpec['object'] = { kind: 'files', pattern: '*.csv', format: 'csv', options: {} };
  const full = (): MemoryClient =>
    new MemoryClient({ 'exports/': '', 'exports/a.csv': 'id\n1\n', 'b.csv': 'x' });

  it('opens its client at the first use, once, and closes it', async () => {
    const extractor = await sourceOf(full).open(spec(files), services);
    assert.equal(opened.length, 0);
    const found = await Promise.all([extractor.files(signal), extractor.schema(signal)]);
    assert.deepEqual(
      found[0]?.map(({ uri }) => uri),
      ['a.csv'],
    );
    assert.equal(opened.length, 1);
    await extractor.close();
    await extractor.close();
    assert.equal(opened[0]?.closed, 1);
    const unused = await sourceOf(full).open(spec(files), services);
    await unused.close();
    assert.equal(opened.length, 1);
  });

  it('opens again where opening has failed', async () => {
    let tries = 0;
    const source = sourceOf(() => {
      if (++tries === 1) throw new BeamliftError('SECRET_UNRESOLVED', { what: 'no such variable' });
      return full();
    });
    const extractor = await source.open(spec(files), services);
    await assert.rejects(extractor.files(signal), hasCode('SECRET_UNRESOLVED'));
    assert.equal((await extractor.files(signal))?.length, 1);
    await extractor.close();
  });

  it('refuses what is no job for files', async () => {
    const source = sourceOf(full);
    await assert.rejects(
      source.open(spec({ kind: 'query', sql: 'SELECT 1' }), services),
      hasCode('PLAN_REFUSED'),
    );
    await assert.rejects(
      async () => await source.open(spec({ ...files, pattern: '../x' }), services),
      hasCode('PATH_OUTSIDE'),
    );
  });

  it('discovers files, and closes its client', async () => {
    const found = await sourceOf(full).discover({}, services, undefined, signal);
    assert.deepEqual(
      found.map(({ name, bytes }) => [name, bytes]),
      [['a.csv', 5]],
    );
    assert.deepEqual(await sourceOf(full).discover({}, services, '*.json', signal), []);
    assert.deepEqual(
      opened.map(({ closed }) => closed),
      [1, 1],
    );
  });

  it('discovers folders with what is in them, and no more entries than are wanted', async () => {
    const many = Object.fromEntries(
      ['a/1.csv', 'a/b/2.csv', 'a-1.csv', 'c/3.csv', 'd.csv'].map((key) => [`exports/${key}`, 'x']),
    );
    const names = async (filter: string | undefined, options: DiscoverOptions): Promise<string[]> => {
      const source = sourceOf(() => new MemoryClient(many));
      const found = await source.discover({}, services, filter, signal, options);
      return found.map(({ name, files = 1, bytes }) => `${name} ${files} ${bytes ?? 0}`);
    };
    assert.deepEqual(await names(undefined, { foldersBelow: '' }), [
      'a-1.csv 1 1',
      'a/ 2 2',
      'c/ 1 1',
      'd.csv 1 1',
    ]);
    assert.deepEqual(await names('a/**', { foldersBelow: 'a/' }), ['a/1.csv 1 1', 'a/b/ 1 1']);
    assert.deepEqual(await names(undefined, { foldersBelow: '', most: 2 }), ['a-1.csv 1 1', 'a/ 2 2']);
    assert.deepEqual(await names(undefined, { most: 2 }), ['a-1.csv 1 1', 'a/1.csv 1 1']);
    assert.equal((await names('c/*', {})).length, 1);
  });

  it('looks through more keys than a run takes files', async () => {
    const keys = Array.from({ length: 100_500 }, (_, index) => [`exports/${index % 3}/${index}.csv`, '']);
    const source = sourceOf(
      () => new MemoryClient(Object.fromEntries(keys) as Record<string, string>, 60_000),
    );
    const found = await source.discover({}, services, undefined, signal, { foldersBelow: '' });
    assert.deepEqual(
      found.map(({ files }) => files),
      [33_500, 33_500, 33_500],
    );
  });

  it('checks as far as it gets, and closes its client', async () => {
    const steps = async (open: () => MemoryClient): Promise<unknown> =>
      (await sourceOf(open).check({}, services, signal)).map(({ step, ok, warning }) =>
        warning === true ? `${step}: warning` : `${step}: ${ok ? 'ok' : 'failed'}`,
      );
    assert.deepEqual(await steps(full), ['bucket: ok', 'list: ok', 'read: ok']);
    assert.deepEqual(await steps(() => new MemoryClient({ 'exports/': '' })), [
      'bucket: ok',
      'list: warning',
    ]);
    const codes: readonly (readonly [ErrorCode, string])[] = [
      ['SECRET_UNRESOLVED', 'secret'],
      ['CONNECTION_DNS', 'dns'],
      ['CONNECTION_REFUSED', 'connect'],
      ['CONNECTION_TLS', 'tls'],
      ['LOGIN_FAILED', 'login'],
      ['BUCKET_NOT_FOUND', 'bucket'],
      ['RIGHTS_MISSING', 'list'],
    ];
    for (const [code, step] of codes) {
      class Failing extends MemoryClient {
        override listPage(): Promise<never> {
          return Promise.reject(new BeamliftError(code, { what: 'no' }));
        }
      }
      assert.deepEqual(await steps(() => new Failing()), [`${step}: failed`]);
    }
    const unreadable = (): MemoryClient => {
      const client = full();
      client.failures = [new BeamliftError('RIGHTS_MISSING', { what: 'may not be read', hint: 'grant it' })];
      return client;
    };
    assert.deepEqual(await steps(unreadable), ['bucket: ok', 'list: ok', 'read: failed']);
    assert.ok(opened.every(({ closed }) => closed === 1));
  });
});

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ConnectionView } from '../../launcher/output/connections-text';
import { Workspace, type CommandResult } from './workspace';

const KEY = Buffer.alloc(32, 7).toString('base64');
const NEW_KEY = Buffer.alloc(32, 9).toString('base64');
const SECRET = 'canary-4711-geheim';

describe('stored connections', function () {
  this.timeout(60_000);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
    await workspace.write('data/sales/2025.csv', 'id,total\n1,2\n2,3\n');
    await workspace.write('data/top.csv', 'id\n1\n');
  });
  afterEach(async () => {
    await workspace.remove();
  });

  interface CallOptions {
    readonly env?: Record<string, string>;
    readonly input?: string;
  }
  const call = async (
    args: readonly string[],
    { env = {}, input }: CallOptions = {},
  ): Promise<CommandResult> => {
    const host = workspace.host({ BEAMLIFT_SECRET_KEY: KEY, ...env });
    return await workspace.beamlift(
      args,
      input === undefined ? host : { ...host, input: Readable.from([input]) },
    );
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await call(args);
    assert.equal(code, 0, err);
    return out;
  };
  const refused = async (args: readonly string[], options: CallOptions = {}): Promise<string> => {
    const { code, out, err } = await call(args, options);
    assert.equal(code, 2, `${out}${err}`);
    assert.ok(!`${out}${err}`.includes(SECRET), err);
    return err;
  };
  const show = async (name: string): Promise<ConnectionView> =>
    JSON.parse(await ok('connections', 'show', name, '--json')) as ConnectionView;
  const SHOP = ['--type', 'postgresql', '--host', 'h', '--database', 'd', '--user', 'u'];
  const addShop = async (): Promise<void> => {
    const { code, err } = await call(['connections', 'add', 'shop', ...SHOP, '--password-stdin'], {
      input: `${SECRET}\n`,
    });
    assert.equal(code, 0, err);
    assert.match(err, /^Stored connection shop \(postgresql\) in sqlite:.*; password encrypted\.$/m);
  };
  const configuration = (job: string, more = ''): string => `destinations:
  warehouse: { type: duckdb, path: warehouse.duckdb }
jobs:
  sales: { connection: ${job}, file_pattern: 'sales/*.csv', load_type: catalog, create_table: true }
${more}`;

  it('are used by jobs that name them, also from other folders', async () => {
    await ok('connections', 'add', 'lake', '--type', 'local', '--set', 'path=data');
    assert.equal((await show('lake')).fields['path'], workspace.path('data'));
    await workspace.write('beamlift.yaml', configuration('lake'));
    await workspace.write(
      'elsewhere/beamlift.yaml',
      configuration(
        'lake',
        `run_store: ${JSON.stringify(`sqlite:${workspace.path('.beamlift/runs.db')}`)}\n`,
      ),
    );
    const here = await call(['run']);
    assert.deepEqual([here.code, here.reports[0]?.rows_loaded], [0, 2], here.err);
    const there = await call(['run', '-f', 'elsewhere/beamlift.yaml']);
    assert.deepEqual([there.code, there.reports[0]?.rows_loaded], [0, 2], there.err);
    for (const command of [['check', 'lake'], ['check'], ['preview'], ['plan'], ['runs', 'list']]) {
      assert.match(await ok(...command), /lake|sales/);
    }
  });

  it('are listed with where they come from, and those that the file hides', async () => {
    await ok('connections', 'add', 'lake', '--url', './data');
    await ok('connections', 'add', 'other', '--url', './data');
    await workspace.write(
      'beamlift.yaml',
      `connections:\n  lake: { source_type: local, path: elsewhere }\n${configuration('other')}`,
    );
    const lines = (await ok('connections', 'list', '--json')).trim().split('\n');
    const views = lines.map((line) => JSON.parse(line) as ConnectionView);
    assert.deepEqual(
      views.map(({ name, origin, hidden, used_by }) => ({ name, origin, hidden, used_by })),
      [
        { name: 'lake', origin: 'file', hidden: false, used_by: [] },
        { name: 'lake', origin: 'run_store', hidden: true, used_by: [] },
        { name: 'other', origin: 'run_store', hidden: false, used_by: ['sales'] },
      ],
    );
    const table = await ok('connections');
    assert.match(table, /^lake +local +\S+elsewhere +beamlift\.yaml$/m);
    assert.match(table, /^lake +local +\S+data +run store \(hidden by beamlift\.yaml\)$/m);
    assert.equal((await show('lake')).fields['path'], workspace.path('elsewhere'), 'the file wins');
    assert.match(
      await refused(['connections', 'add', 'lake', '--url', './data']),
      /beamlift\.yaml has a connection called lake already/,
    );
  });

  it('keep secrets that are not given again, and never show them', async () => {
    await addShop();
    assert.deepEqual((await show('shop')).fields, { host: 'h', database: 'd', user: 'u' });
    const key = (await show('shop')).secrets['password'];
    assert.equal(key?.kept, 'encrypted');
    await ok('connections', 'edit', 'shop', '--port', '5433', '--set', 'sslmode=disable', '--unset', 'user');
    const edited = await show('shop');
    assert.deepEqual(edited.fields, { host: 'h', database: 'd', port: 5433, sslmode: 'disable' });
    assert.deepEqual(edited.secrets['password'], key);
    await ok('connections', 'edit', 'shop', '--url', 'postgresql://etl@other:1/e');
    assert.deepEqual((await show('shop')).fields, {
      ...{ host: 'other', port: 1, user: 'etl', database: 'e', sslmode: 'disable' },
    });
    assert.deepEqual((await show('shop')).secrets['password'], key);
    await workspace.write('new.yaml', 'source_type: postgresql\nhost: third\n');
    await ok('connections', 'edit', 'shop', '--from-file', 'new.yaml');
    assert.deepEqual((await show('shop')).fields, { host: 'third' });
    assert.deepEqual((await show('shop')).secrets['password'], key, 'a file without it keeps it, too');
    await ok('connections', 'edit', 'shop', '--set', 'password=${env:SHOP_PW}');
    assert.deepEqual((await show('shop')).secrets, {
      password: { kept: 'reference', reference: '${env:SHOP_PW}' },
    });
    await ok('connections', 'edit', 'shop', '--unset', 'password');
    assert.deepEqual((await show('shop')).secrets, {});
    const stored = await readFile(workspace.path('.beamlift/runs.db'));
    assert.ok(!stored.includes(SECRET));
  });

  it('take secrets of other words and inside of other fields', async () => {
    const flags = ['aws_access_key_id=AKIAEXAMPLE', `aws_secret_access_key=${SECRET}`, 'bucket=my-bucket'];
    await ok('connections', 'add', 's', '--type', 's3', ...flags.flatMap((flag) => ['--set', flag]));
    assert.equal((await show('s')).secrets['secret_access_key']?.kept, 'encrypted');
    await ok(
      'connections',
      'add',
      'shop',
      ...SHOP,
      '--set',
      'ssh.host=jump',
      '--set',
      `ssh.password=${SECRET}`,
    );
    assert.equal((await show('shop')).secrets['ssh.password']?.kept, 'encrypted');
    await ok('connections', 'edit', 'shop', '--set', 'ssh.host=other', '--set', 'ssh.port=2222');
    const edited = await show('shop');
    assert.deepEqual(edited.fields['ssh'], { host: 'other', port: 2222 });
    assert.equal(edited.secrets['ssh.password']?.kept, 'encrypted');
    assert.ok(!(await readFile(workspace.path('.beamlift/runs.db'))).includes(SECRET));
  });

  it('are refused with plain secrets where there is no key, and stored with references', async () => {
    const env = { BEAMLIFT_SECRET_KEY: '' };
    for (const secret of [
      [...SHOP, '--set', `password=${SECRET}`],
      ['--url', `postgresql://u:${SECRET}@h/d`],
    ]) {
      const err = await refused(['connections', 'add', 'shop', ...secret], { env });
      assert.match(
        err,
        /SECRET_KEY: A secret can only be stored encrypted, and BEAMLIFT_SECRET_KEY is not set/,
      );
      assert.match(err, /openssl rand -base64 32/);
    }
    const weak = await refused(['connections', 'add', 'shop', ...SHOP, '--set', `password=${SECRET}`], {
      env: { BEAMLIFT_SECRET_KEY: 'short' },
    });
    assert.match(weak, /neither 32 bytes in base64 nor a passphrase/);
    assert.equal(await ok('connections', 'list', '--json'), '');
    const { code } = await call(
      [
        'connections',
        'add',
        'shop',
        '--url',
        'postgresql://u:${env:PW}@h/d',
        '--set',
        'ssl_key=${file:k.pem}',
      ],
      { env },
    );
    assert.equal(code, 0);
    assert.deepEqual((await show('shop')).secrets, {
      password: { kept: 'reference', reference: '${env:PW}' },
      ssl_key: { kept: 'reference', reference: `\${file:${workspace.path('k.pem')}}` },
    });
  });

  it('tell all problems at once, by flag or by line', async () => {
    const flags = ['--port', 'abc', '--set', 'ssmode=x', '--set', `password=${SECRET}`, '--unset', 'hst'];
    await addShop();
    const err = await refused(['connections', 'edit', 'shop', ...flags]);
    assert.match(err, /Connection shop has 3 problems/);
    assert.match(err, /shop\.port: expected a number, but this is a text/);
    assert.match(err, /shop\.ssmode: there is no such key; did you mean sslmode\?/);
    assert.match(err, /shop\.hst: is not set; did you mean host\?/);
    const file = `source_type: postgresql\nport: x\npassword: ${SECRET}\nuser: \${connection:shop/password}\n`;
    await workspace.write('c.yaml', file);
    const lines = await refused(['connections', 'add', 'new', '--from-file', 'c.yaml']);
    assert.match(lines, /c\.yaml:2:1 {2}new\.port: expected a number/);
    assert.match(lines, /c\.yaml:4:1 {2}new\.user: \$\{connection:…\} is made by beamlift itself/);
    const borrowed = await refused(['connections', 'add', 'new', '--from-file', '-'], {
      input: '{ source_type: postgresql, password: "${connection:shop/password}" }',
    });
    assert.match(borrowed, /new\.password: \$\{connection:…\} is made by beamlift itself/);
    for (const [args, why] of [
      [['add', 'a/b', ...SHOP], /a name has up to 100 letters/],
      [['add', 'x', '--type', 'oracle'], /there is no connection of kind "oracle"/],
      [['add', 'x', '--set', 'host=h'], /says no kind: write source_type/],
      [['add', 'x', '--set', `password:${SECRET}`], /--set number 1 is not of the form FIELD=VALUE/],
      [['add', 'x', '--password-stdin', '--secret-stdin', 'ssl_key'], /both read stdin/],
      [['add', 'x', ...SHOP, '--secret-stdin', 'host'], /stdin has nothing for host/],
      [['add', 'shop', ...SHOP], /There is a stored connection called shop already/],
      [['edit', 'shop'], /Nothing says what to change/],
      [['edit', 'shop', '--type', 'mysql'], /is of kind postgresql: delete it/],
      [['edit', 'shpo', '--host', 'h'], /no connection called "shpo"[\s\S]*Did you mean "shop"\?/],
      [['add', 'x', '--url', './data/*.csv'], /names files: a connection is a folder/],
    ] as const) {
      assert.match(await refused(['connections', ...args]), why);
    }
  });

  it('are deleted unless jobs use them', async () => {
    await ok('connections', 'add', 'lake', '--url', './data');
    await workspace.write('beamlift.yaml', configuration('lake'));
    const err = await refused(['connections', 'delete', 'lake']);
    assert.match(err, /1 job of beamlift\.yaml would be without connection lake/);
    await ok('connections', 'delete', 'lake', '--force');
    assert.match(await refused(['run']), /jobs\.sales\.connection: there is no connection \\"lake\\"/);
    await ok('connections', 'add', 'lakes', '--url', './data');
    assert.match(await refused(['plan']), /there is no connection "lake"; did you mean lakes\?/);
    await workspace.write(
      'beamlift.yaml',
      `connections:\n  own: { source_type: local, path: data }\n${configuration('own')}`,
    );
    assert.match(
      await refused(['connections', 'delete', 'own']),
      /own is in beamlift\.yaml, and not in the run store/,
    );
  });

  it('are changed by one of two commands at the same time', async () => {
    await addShop();
    async function* slow(): AsyncGenerator<string> {
      await ok('connections', 'edit', 'shop', '--host', 'quicker');
      yield 'new-secret';
    }
    const host = { ...workspace.host({ BEAMLIFT_SECRET_KEY: KEY }), input: Readable.from(slow()) };
    const late = await workspace.beamlift(['connections', 'edit', 'shop', '--password-stdin'], host);
    assert.equal(late.code, 1);
    assert.match(
      late.err,
      /CONNECTION_CHANGED: Connection shop was changed or deleted by somebody else meanwhile/,
    );
    assert.equal((await show('shop')).fields['host'], 'quicker');
  });

  it('cannot be used with another key, and can be encrypted anew', async () => {
    await addShop();
    const env = { BEAMLIFT_SECRET_KEY: NEW_KEY };
    const wrong = await call(['connections', 'test', 'shop'], { env });
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /^failed {2}shop \(postgresql\): .*encrypted with another key \([0-9a-f]{12}\)/m);
    const without = await call(['connections', 'rotate-key'], { env });
    assert.equal(without.code, 1);
    assert.match(
      without.err,
      /`password` of connection shop cannot be read[\s\S]*BEAMLIFT_SECRET_KEY_OLD is not set/,
    );
    const before = (await show('shop')).secrets['password'];
    const rotated = await call(['connections', 'rotate-key'], {
      env: { ...env, BEAMLIFT_SECRET_KEY_OLD: KEY },
    });
    assert.equal(rotated.code, 0, rotated.err);
    assert.match(rotated.err, /^1 secret of 1 in sqlite:.* encrypted anew\.$/m);
    assert.notDeepEqual((await show('shop')).secrets['password'], before);
    const again = await call(['connections', 'rotate-key'], { env });
    assert.match(again.err, /^0 secrets of 1/m);
    const right = await call(['connections', 'test', 'shop'], { env });
    assert.doesNotMatch(right.out, /another key/);
  });

  it('need the run store only where a job names one', async () => {
    await workspace.write('.beamlift/runs.db', 'this is no database, but long enough to be looked at as one');
    await workspace.write('beamlift.yaml', configuration('lake'));
    const { code, err } = await call(['plan']);
    assert.equal(code, 1);
    assert.match(err, /RUN_STORE_FAILED/);
    await workspace.write('beamlift.yaml', `jbs: {}\n${configuration('lake')}`);
    const problems = await refused(['plan']);
    assert.match(problems, /jbs: there is no such key/);
    assert.match(problems, /connection: is not in the file, and the run store cannot be asked for it/);
    await workspace.write(
      'beamlift.yaml',
      `connections:\n  lake: { source_type: local, path: data }\n${configuration('lake')}`,
    );
    await ok('plan');
    await ok('discover', 'lake');
    await ok('connections', 'test', 'lake');
  });

  it('are tried before they are stored, if wanted', async () => {
    const missing = await call(['connections', 'add', 'lake', '--url', './missing', '--test']);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^failed {2}lake \(local\): folder: The folder .*missing does not exist/m);
    assert.match(missing.err, /^Nothing was stored\.$/m);
    assert.equal(await ok('connections', 'list', '--json'), '');
    const { code, err } = await call(['connections', 'add', 'lake', '--url', './data', '--test']);
    assert.equal(code, 0, err);
    assert.match(err, /^ok {2}lake \(local\): 2 files below it/m);
    assert.match(
      await ok('connections', 'test', 'lake'),
      /^ok {2}lake \(local\): 2 files below it, 22 bytes$/m,
    );
  });

  it('cannot be referred to by a file in another way', async () => {
    await workspace.write(
      'beamlift.yaml',
      `connections:\n  x: { source_type: postgresql, password: '\${connection:shop/password}' }\n${configuration('x')}`,
    );
    assert.match(await refused(['plan']), /x\.password: \$\{connection:…\} is made by beamlift itself/);
  });

  it('are looked into by discover, a level at a time', async () => {
    await ok('connections', 'add', 'lake', '--url', './data');
    const kinds = async (...args: string[]): Promise<string[]> =>
      (await ok('discover', 'lake', ...args, '--json'))
        .trim()
        .split('\n')
        .map((line) => {
          const { name, kind, bytes, files } = JSON.parse(line) as Record<string, string | undefined>;
          return [name, kind, bytes, files].filter((part) => part !== undefined).join(' ');
        });
    assert.deepEqual(await kinds(), ['sales/ prefix 17 1', 'top.csv file 5']);
    assert.deepEqual(await kinds('sales/'), ['sales/2025.csv file 17']);
    assert.deepEqual(await kinds('--recursive'), ['sales/2025.csv file 17', 'top.csv file 5']);
    assert.deepEqual(await kinds('**/2025*'), ['sales/2025.csv file 17']);
    const { out, err } = await call(['discover', 'lake', '-r', '--limit', '1']);
    assert.equal(out.trim().split('\n').length, 2);
    assert.match(err, /^Shown are the first 1: give a pattern, or a higher --limit\.$/m);
    assert.match((await call(['discover', 'lake'])).err, /^2 files, 22 B$/m);
  });
});

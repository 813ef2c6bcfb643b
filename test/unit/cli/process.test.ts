import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeInvocation, quoteArgument } from '../../../launcher/invocation';
import { createProcessHost, wantsColour } from '../../../launcher/process-host';
import { urlSecrets } from '../../../launcher/url-secrets';

const CLI = path.join(__dirname, '..', '..', '..', 'launcher', 'cli.ts');
const BIN = path.join(__dirname, '..', '..', '..', 'bin', 'beamlift.js');
const PATIENT = path.join(__dirname, 'patient-program.ts');

/** Prints which packages the program has loaded before it runs a command. */
const LIST_PACKAGES = `require(${JSON.stringify(path.join(__dirname, '..', '..', '..', 'launcher', 'main.ts'))});
const { createProgram } = require(${JSON.stringify(path.join(__dirname, '..', '..', '..', 'launcher', 'program.ts'))});
createProgram({ out: {}, err: {}, invocation: 'x' }, () => () => undefined).helpInformation();
const names = Object.keys(require.cache).map((file) => file.split('/node_modules/')[1]?.split('/')[0]);
console.log(JSON.stringify([...new Set(names)].filter((name) => name !== undefined && !/^(tsx|esbuild|get-tsconfig|resolve-pkg-maps|@esbuild)$/.test(name)).sort()));`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts a process; `onOutput` is called with all of stdout so far. */
function start(argv: string[], onOutput?: (child: ChildProcess, out: string) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      onOutput?.(child, out);
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('the process', () => {
  /** All processes run at the same time: each takes half a second to start. */
  let ended: Record<
    'good' | 'bad' | 'deaf' | 'SIGINT' | 'SIGTERM' | 'stubborn' | 'linger' | 'crash' | 'loaded',
    Promise<Ended>
  >;
  before(() => {
    const signalled = (mode: string, signal: NodeJS.Signals): Promise<Ended> =>
      start([PATIENT, mode], (child) => child.kill(signal));
    ended = {
      loaded: start(['-e', LIST_PACKAGES]),
      good: start([CLI, '--version']),
      bad: start([CLI, 'nonsense']),
      deaf: start([CLI, 'completion', 'fish'], (child) => child.stdout?.destroy()),
      SIGINT: signalled('polite', 'SIGINT'),
      SIGTERM: signalled('polite', 'SIGTERM'),
      stubborn: signalled('stubborn', 'SIGINT'),
      linger: start([PATIENT, 'linger']),
      crash: start([PATIENT, 'crash']),
    };
  });

  it('sets the exit code of the command', async () => {
    assert.deepEqual(await ended.good, { code: 0, out: '0.1.0\n', err: '' });
    const { code, err } = await ended.bad;
    assert.equal(code, 2);
    assert.match(err, /unknown command 'nonsense'/);
  });

  it('reads only commander and colours to show help, so that it is there at once', async () => {
    const { code, out, err } = await ended.loaded;
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out), ['commander', 'picocolors']);
  });

  it('is quiet about a reader that went away', async () => {
    const { code, err } = await ended.deaf;
    assert.deepEqual([code, err], [0, '']);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`lets the program clean up after ${signal}`, async () => {
      assert.deepEqual(await ended[signal], { code, out: `ready\nstopped by ${signal}\n`, err: '' });
    });
  }

  it('ends at once at the second SIGINT', async () => {
    const { code, out } = await ended.stubborn;
    assert.equal(code, 130);
    assert.match(out, /stopped by SIGINT/);
  });

  it('ends although something is still open', async () => {
    assert.equal((await ended.linger).code, 7);
  });

  it('tells an error that nothing caught, and fails', async () => {
    const { code, err } = await ended.crash;
    assert.equal(code, 1);
    assert.match(err, /^error INTERNAL: it broke outside of every promise/);
  });
});

describe('bin/beamlift.js', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'beamlift-bin-'));
    await mkdir(path.join(folder, 'bin'));
    await copyFile(BIN, path.join(folder, 'bin', 'beamlift.js'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const run = (code: string): { status: number; err: string } => {
    try {
      execFileSync(process.execPath, ['-e', code], { encoding: 'utf8', stdio: 'pipe' });
      return { status: 0, err: '' };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, err: stderr };
    }
  };

  it('says what to do where nothing has been built', () => {
    const { status, err } = run(`require(${JSON.stringify(path.join(folder, 'bin', 'beamlift.js'))})`);
    assert.equal(status, 2);
    assert.match(err, /npm run build/);
  });

  for (const [version, fits] of [
    ['18.20.0', false],
    ['20.18.9', false],
    ['20.19.0', true],
    ['24.1.0', true],
  ] as const) {
    it(`${fits ? 'takes' : 'refuses'} Node ${version}`, () => {
      const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`;
      const { status, err } = run(
        `${pretend} require(${JSON.stringify(path.join(folder, 'bin', 'beamlift.js'))})`,
      );
      assert.equal(status, 2);
      assert.match(err, fits ? /not been built/ : /needs Node 20\.19 or newer; this is/);
    });
  }
});

describe('how the program was called', () => {
  const cases: [string, string, string, string][] = [
    ['a global installation', '/usr/local/bin/beamlift', '/home/me', 'beamlift'],
    ['a local installation', '/app/node_modules/.bin/beamlift', '/app', 'npx beamlift'],
    ['a clone', '/src/beamlift/bin/beamlift.js', '/src/beamlift', './bin/beamlift.js'],
    [
      'from a folder of the clone',
      '/src/beamlift/bin/beamlift.js',
      '/src/beamlift/examples',
      '../bin/beamlift.js',
    ],
    ['from far away', '/src/beamlift/bin/beamlift.js', '/a/b/c/d', '/src/beamlift/bin/beamlift.js'],
    ['a folder with a space', '/my src/bin/beamlift.js', '/my src', './bin/beamlift.js'],
    ['a path with a space', '/src/my bin/beamlift.js', '/src', "'./my bin/beamlift.js'"],
  ];
  for (const [name, script, cwd, expected] of cases) {
    it(`${name}: ${expected}`, () => assert.equal(describeInvocation(script, cwd), expected));
  }

  it('quotes arguments as the shell takes them back', () => {
    for (const text of ["it's", 'a b', '$HOME', '', 'x"y', 'ünïcode', 'a\nb', '*', 'plain-1.yaml']) {
      const back = execFileSync('sh', ['-c', `printf %s ${quoteArgument(text)}`], { encoding: 'utf8' });
      assert.equal(back, text);
    }
    assert.equal(quoteArgument('orders.daily'), 'orders.daily');
  });
});

describe('the host of a process', () => {
  it('decides about colours: FORCE_COLOR, NO_COLOR, then the terminal', () => {
    const cases: [Record<string, string>, boolean, boolean][] = [
      [{}, true, true],
      [{}, false, false],
      [{ NO_COLOR: '1' }, true, false],
      [{ NO_COLOR: '' }, true, true],
      [{ TERM: 'dumb' }, true, false],
      [{ FORCE_COLOR: '1' }, false, true],
      [{ FORCE_COLOR: '' }, false, true],
      [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
      [{ FORCE_COLOR: '0' }, true, false],
      [{ FORCE_COLOR: 'false' }, true, false],
    ];
    for (const [environment, terminal, expected] of cases) {
      assert.equal(wantsColour(environment, terminal), expected, JSON.stringify({ environment, terminal }));
    }
  });

  it('is this process, in an output of some width', () => {
    const host = createProcessHost(process, {}, new AbortController().signal);
    assert.equal(host.identity.pid, process.pid);
    assert.ok(host.out.columns > 0);
  });
});

describe('secrets of the command line', () => {
  const cases: [string, string[]][] = [
    ['postgresql://etl:p%40ss@db/shop', ['p%40ss', 'p@ss']],
    ['--from=postgresql://etl:pw@db/shop', ['pw']],
    ['postgresql://etl:p@ss/w@db/shop', ['p', 'p@ss/w']],
    ['postgresql://etl@db/shop', []],
    ['postgresql://db/shop?user=etl&password=geheim&x=1', ['geheim']],
    ['https://host/?sslkey=abc', ['abc']],
    ['orders', []],
    ['postgresql://etl:100%@db/shop', ['100%']],
  ];
  for (const [argument, secrets] of cases) {
    it(argument, () => assert.deepEqual(urlSecrets([argument]), secrets));
  }
});

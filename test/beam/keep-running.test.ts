import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { parseBootFlags } from '../../pipelines/beam/worker/boot-flags';
import { keepRunning } from '../../pipelines/beam/worker/keep-running';
import { machineShare, usableMemory } from '../../pipelines/beam/worker/machine-shares';
import { stderrLine, workerLogger, type LogLine } from '../../pipelines/beam/worker/worker-log';
import { hasCode } from '../has-code';

const WAITS = 'setTimeout(() => {}, 60_000)';
const DEAF = `process.on('SIGTERM', () => {}); process.stdout.write('on'); ${WAITS}`;

interface Kept {
  readonly done: boolean;
  readonly started: readonly string[];
  readonly told: readonly string[];
  readonly children: readonly ChildProcess[];
}

/** Runs processes whose scripts are given by id and number of the start. */
async function keep(
  ids: readonly string[],
  script: (id: string, start: number) => string,
  signal = new AbortController().signal,
  onStart: (child: ChildProcess) => void = () => undefined,
): Promise<Kept> {
  const started: string[] = [];
  const told: string[] = [];
  const children: ChildProcess[] = [];
  const done = await keepRunning({
    ids,
    start: (id) => {
      const start = started.filter((other) => other === id).length;
      started.push(id);
      const child = spawn(process.execPath, ['-e', script(id, start)]);
      children.push(child);
      onStart(child);
      return child;
    },
    log: workerLogger(
      (text) => text,
      ({ event, fields }) => told.push(`${event} ${fields}`),
    ),
    signal,
    restartDelayMs: 1,
    stopMs: 100,
  });
  return { done, started, told, children };
}

function allEnded(children: readonly ChildProcess[]): boolean {
  return children.every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
}

describe('the worker processes of a container', () => {
  it('are one for each id, and have ended when it ends', async () => {
    const { done, started, children } = await keep(['a', 'b'], () => '');
    assert.equal(done, true);
    assert.deepEqual(started, ['a', 'b']);
    assert.ok(allEnded(children));
  });

  it('are started again when they fail', async () => {
    const { done, started, told } = await keep(['a'], (_id, start) =>
      start === 0 ? 'process.exit(3)' : start === 1 ? "process.kill(process.pid, 'SIGKILL')" : '',
    );
    assert.equal(done, true);
    assert.equal(started.length, 3);
    assert.deepEqual(told, [
      'worker.restarted {"worker":"a","code":3,"killedBy":null,"restarts":1}',
      'worker.restarted {"worker":"a","code":null,"killedBy":"SIGKILL","restarts":2}',
    ]);
  });

  it('are started four times at most; then the container fails, and the others stop', async () => {
    const { done, started, told, children } = await keep(['bad', 'good'], (id) =>
      id === 'bad' ? 'process.exit(1)' : WAITS,
    );
    assert.equal(done, false);
    assert.deepEqual(started.filter((id) => id === 'bad').length, 4);
    assert.deepEqual(started.filter((id) => id === 'good').length, 1);
    assert.match(told.at(-1) ?? '', /^worker\.given-up .*"starts":4/);
    assert.ok(allEnded(children));
  });

  it('are told to stop, and made to', async () => {
    const stop = new AbortController();
    const { done, started, children } = await keep(
      ['a'],
      () => DEAF,
      stop.signal,
      (child) => {
        child.stdout?.once('data', () => stop.abort());
      },
    );
    assert.equal(done, true);
    assert.deepEqual(started, ['a']);
    assert.equal(children[0]?.signalCode, 'SIGKILL');
  });

  it('fail where none can be started', async () => {
    const done = await keepRunning({
      ids: ['a'],
      start: () => spawn('/does/not/exist'),
      log: workerLogger(String, () => undefined),
      signal: new AbortController().signal,
      restartDelayMs: 1,
    });
    assert.equal(done, false);
  });
});

describe('the flags of a container', () => {
  it('are read as runners write them', () => {
    const flags = parseBootFlags([
      "--id='job-1-worker-2'",
      '--provision_endpoint=localhost:1',
      '--artifact_endpoint',
      'localhost:4',
      '--logging_endpoint',
      'localhost:2',
      '--of_another_age=x',
      '--semi_persist_dir=/var/opt/google',
    ]);
    assert.deepEqual(flags, {
      id: 'job-1-worker-2',
      provisionEndpoint: 'localhost:1',
      controlEndpoint: undefined,
      loggingEndpoint: 'localhost:2',
      folder: '/var/opt/google',
    });
  });

  it('must say who it is and whom to ask', () => {
    assert.throws(() => parseBootFlags([]), hasCode('USAGE', /--id/));
    assert.throws(() => parseBootFlags(['--id=']), hasCode('USAGE', /--id/));
    assert.throws(() => parseBootFlags(['--id=1']), hasCode('USAGE', /--provision_endpoint/));
    assert.equal(parseBootFlags(['--id=1', '--control_endpoint=h:1']).controlEndpoint, 'h:1');
  });
});

describe('what a worker process may use', () => {
  const GIB = 1024 ** 3;

  it('is its part of the machine, and never more than all', () => {
    for (const memory of [2, 4, 15, 64]) {
      for (const cores of [1, 2, 4, 16]) {
        for (const processes of [1, 2, 4, 16]) {
          const { threads, mainHeapMb, threadHeapMb } = machineShare(
            { memoryBytes: memory * GIB, cores },
            processes,
          );
          assert.ok(threads >= 1 && threads * processes <= Math.max(cores, processes));
          const heaps = processes * (mainHeapMb + threads * threadHeapMb);
          const least = processes * (1 + threads) * 128;
          assert.ok(heaps <= memory * 1024 * 0.75 + least, `${memory} ${cores} ${processes}`);
        }
      }
    }
    assert.deepEqual(machineShare({ memoryBytes: 16 * GIB, cores: 4 }, 1), {
      threads: 4,
      mainHeapMb: 3072,
      threadHeapMb: 2304,
    });
  });

  it('is what the container is given, where it has a bound', () => {
    assert.equal(usableMemory(16 * GIB, 0), 16 * GIB);
    assert.equal(usableMemory(16 * GIB, 2 * GIB), 2 * GIB);
    assert.equal(usableMemory(16 * GIB, 2 ** 63), 16 * GIB);
  });
});

describe('what a worker logs', () => {
  it('has no secrets, and nothing below info', () => {
    const lines: LogLine[] = [];
    const log = workerLogger(
      (text) => text.replaceAll(/s"?ecret|s\\"ecret/g, '***'),
      (line) => void lines.push(line),
    );
    log.debug('quiet', { fields: 1 });
    log.info('plain');
    log.error('failed', {
      why: 'the s"ecret',
      nested: [{ is: 'secret' }],
      error: new Error('secret'),
      big: 7n,
    });
    assert.deepEqual(lines, [
      { level: 'info', event: 'plain', fields: '' },
      {
        level: 'error',
        event: 'failed',
        fields:
          '{"why":"the ***","nested":[{"is":"***"}],"error":{"name":"Error","message":"***"},"big":"7"}',
      },
    ]);
  });

  it('is one line of JSON on stderr', () => {
    const line = stderrLine({ level: 'warn', event: 'a "b"\n', fields: '{"c":1}' }, new Date(0));
    assert.equal(line, '{"level":"warn","time":"1970-01-01T00:00:00.000Z","event":"a \\"b\\"\\n","c":1}\n');
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';

describe('modules of Dataflow that a launcher loads', function () {
  this.timeout(30_000);

  it('do not load the Beam SDK', async () => {
    const script = `
      require(${JSON.stringify(require.resolve('../../../pipelines/beam/dataflow/open-dataflow-runner'))});
      console.log(Object.keys(require.cache).filter((name) => name.includes('apache-beam')).length);`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--require',
      'tsx/cjs',
      '--eval',
      script,
    ]);
    assert.equal(stdout.trim(), '0');
  });
});

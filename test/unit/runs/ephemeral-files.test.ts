import assert from 'node:assert/strict';
import { paletteFor } from '../../../launcher/output/palette';
import { renderCheck } from '../../../launcher/output/check-text';
import { whyEphemeral } from '../../../launcher/runs/ephemeral-files';

const ROOT = '22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/a';
const DISK = '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw';
const VOLUME = '36 22 0:50 /data /var/my\\040data rw,noatime master:1 - nfs4 server:/x rw';
const MEMORY = '37 22 0:51 / /tmp rw,nosuid - tmpfs tmpfs rw';
const HIDDEN = '38 22 0:52 / /tmp rw - ext4 /dev/sdb1 rw';

describe('files that will be gone with the machine', () => {
  const cases: [
    says: string,
    file: string,
    mounts: string[] | undefined,
    environment: Record<string, string>,
    isContainer: boolean,
    why: RegExp | undefined,
  ][] = [
    ['a disk', '/srv/etl/runs.db', [DISK], {}, false, undefined],
    ['no /proc', '/srv/etl/runs.db', undefined, {}, false, undefined],
    ['Cloud Run service', '/app/runs.db', [ROOT], { K_SERVICE: 'etl' }, false, /^Cloud Run throws/],
    ['Cloud Run job without /proc', '/app/runs.db', undefined, { CLOUD_RUN_JOB: 'etl' }, false, /^Cloud Run/],
    [
      'Cloud Run with a volume',
      '/var/my data/runs.db',
      [ROOT, VOLUME],
      { K_SERVICE: 'etl' },
      true,
      undefined,
    ],
    ['beside the volume', '/var/my data2/runs.db', [ROOT, VOLUME], { K_SERVICE: 'etl' }, true, /^Cloud Run/],
    ['Kubernetes', '/app/runs.db', [ROOT], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, false, /^Kubernetes/],
    ['a container', '/app/runs.db', [ROOT], {}, true, /file system of a container/],
    ['a container with a volume', '/var/my data/runs.db', [ROOT, VOLUME], {}, true, undefined],
    ['memory', '/tmp/etl/runs.db', [DISK, MEMORY], {}, false, /^\/tmp is a file system in memory/],
    [
      'memory that something is mounted over',
      '/tmp/etl/runs.db',
      [DISK, MEMORY, HIDDEN],
      {},
      false,
      undefined,
    ],
    ['what is no mount', '/srv/runs.db', ['', 'x y z', DISK], {}, false, undefined],
  ];
  for (const [says, file, mounts, environment, isContainer, why] of cases) {
    it(says, () => {
      const found = whyEphemeral(file, { environment, mounts: mounts?.join('\n'), isContainer });
      if (why === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', why);
    });
  }
});

describe('warnings of check', () => {
  it('stand below what can be used', () => {
    const lines = renderCheck(
      {
        ...{ kind: 'run_store', name: 'sqlite:/app/runs.db', type: 'sqlite', ok: true },
        findings: [
          { step: 'read', ok: true, detail: 'no runs yet' },
          { step: 'lasting', ok: true, warning: true, detail: 'it will be lost', hint: 'Set `run_store`.' },
        ],
      },
      paletteFor({ colour: false }),
    );
    assert.deepEqual(lines, [
      'ok      run store sqlite:/app/runs.db (sqlite): no runs yet',
      '        lasting: warning  it will be lost',
      '        → Set `run_store`.',
    ]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { dataflowOptionsSchema } from '../../../pipelines/beam/dataflow/options';

const NEEDED = { project: 'my-project', region: 'europe-central2', temp_location: 'gs://bucket/temp' };

function problemsOf(options: object): string[] {
  const parsed = dataflowOptionsSchema.safeParse({ ...NEEDED, ...options });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('options of Dataflow', () => {
  it('takes the names that users know', () => {
    const full = {
      staging_location: 'gs://bucket/staging',
      sdk_container_image: 'europe-central2-docker.pkg.dev/my-project/etl/worker:1.2.3',
      num_workers: 2,
      max_num_workers: 8,
      autoscaling_algorithm: 'THROUGHPUT_BASED',
      number_of_worker_harness_threads: 4,
      machine_type: 'n2-standard-4',
      disk_size_gb: 50,
      service_account_email: 'etl@my-project.iam.gserviceaccount.com',
      network: 'my-net',
      subnetwork: 'regions/europe-central2/subnetworks/my-subnet',
      use_public_ips: false,
      labels: { team: 'data', größe: '1_x-' },
      experiments: ['shuffle_mode=service'],
      service_options: ['enable_google_cloud_profiler'],
      kms_key_name: 'projects/p/locations/l/keyRings/r/cryptoKeys/k',
      job_name: 'nightly',
      user_agent: { name: 'Apache Beam SDK for TypeScript', version: '2.49.0' },
      credentials: '${file:key.json}',
      impersonate: 'other@my-project.iam.gserviceaccount.com',
      endpoint: 'https://dataflow.example',
      storage_endpoint: 'https://storage.example',
    };
    assert.deepEqual(problemsOf(full), []);
    assert.deepEqual(problemsOf({}), []);
    assert.deepEqual(
      problemsOf({
        subnetwork:
          'https://www.googleapis.com/compute/v1/projects/host/regions/europe-central2/subnetworks/s',
      }),
      [],
    );
  });

  it('names what is wrong', () => {
    const cases: [object, RegExp][] = [
      [{ project: 'My Project' }, /^project: a project id/],
      [
        { region: 'europe-central2-a' },
        /^region: europe-central2-a is a zone; its region is europe-central2$/,
      ],
      [{ region: 'EU' }, /^region: Dataflow runs in a region such as/],
      [{ region: 'somewhere' }, /^region: expected a region/],
      [{ temp_location: 'bucket/temp' }, /^temp_location: expected gs:/],
      [{ staging_location: 'gs://bucket/../x' }, /^staging_location: expected gs:/],
      [{ sdk_container_image: 'a b' }, /^sdk_container_image: expected/],
      [{ num_workers: 2.5 }, /^num_workers: expected a whole number from 1 to 4000/],
      [{ num_workers: 0 }, /^num_workers: expected a whole number/],
      [{ num_workers: '2' }, /^num_workers: expected a whole number/],
      [{ disk_size_gb: 1e9 }, /^disk_size_gb: expected a whole number/],
      [{ num_workers: 9, max_num_workers: 8 }, /^max_num_workers: expected at least num_workers, which is 9/],
      [{ autoscaling_algorithm: 'NONE' }, /^autoscaling_algorithm: without autoscaling, num_workers/],
      [{ machine_type: 'n2 standard' }, /^machine_type: expected/],
      [{ service_account_email: 'etl' }, /^service_account_email: expected/],
      [{ network: 'my net' }, /^network: expected/],
      [{ subnetwork: 'my-subnet' }, /^subnetwork: expected regions\/europe-central2\/subnetworks\/NAME/],
      [
        { subnetwork: 'regions/us-central1/subnetworks/s' },
        /^subnetwork: the subnetwork is in us-central1, and the job in europe-central2/,
      ],
      [{ labels: { Team: 'data' } }, /^labels.Team: /],
      [{ labels: { team: 'Data' } }, /^labels.team: the value of a label/],
      [
        { labels: Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`l${n}`, ''])) },
        /^labels: expected at most 63/,
      ],
      [{ experiments: ['two words'] }, /^experiments.0: expected a name/],
      [{ kms_key_name: 'key' }, /^kms_key_name: expected projects/],
      [{ job_name: 'Nightly' }, /^job_name: a job name has lower-case/],
      [{ job_name: 'nightly-' }, /^job_name: a job name has lower-case/],
      [{ job_name: 'n'.repeat(61) }, /^job_name: expected at most 60/],
      [{ endpoint: 'http://169.254.169.254' }, /^endpoint: may not lead to link-local/],
      [{ endpoint: 'http://127.0.0.1:1' }, /^endpoint: credentials are sent to https/],
      [
        { credentials: 'anonymous', endpoint: 'http://127.0.0.1:1' },
        /^credentials: anonymous is for stand-ins, and storage_endpoint/,
      ],
      [{ numWorkers: 2 }, /Unrecognized key/],
    ];
    for (const [options, expected] of cases) {
      const problems = problemsOf(options);
      assert.equal(problems.length, 1, JSON.stringify([options, problems]));
      assert.match(problems[0] ?? '', expected);
    }
  });

  it('describes every key', () => {
    const { properties = {}, required } = z.toJSONSchema(dataflowOptionsSchema, { io: 'input' });
    assert.deepEqual(required, ['project', 'region', 'temp_location']);
    for (const [key, schema] of Object.entries(properties)) {
      assert.match((schema as { description?: string }).description ?? '', /\.$/, key);
    }
  });
});

import assert from 'node:assert/strict';
import { effectOf, isMutation } from '../../fault-proxy/effects';

const UPLOAD = '/upload/storage/v1/b/bucket/o';
const OBJECT = '/storage/v1/b/bucket/o/';
const PROJECT = '/bigquery/v2/projects/p';
const RUN = 'lake/runs/job/run-1';

function multipart(name: string): string {
  return `--x\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ name })}\r\n--x\r\n\r\nbody\r\n--x--`;
}

function insert(jobId: string, labels: Record<string, string> = {}): string {
  return JSON.stringify({ jobReference: { jobId }, configuration: { labels } });
}

describe('effects of requests', () => {
  const cases: [string, string, string, string][] = [
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart('lake/state/job.json'), 'state.write lease'],
    [
      'POST',
      `${UPLOAD}?uploadType=multipart`,
      `${multipart('state/j.json')}"lease":null`,
      'state.write release',
    ],
    [
      'POST',
      `${UPLOAD}?uploadType=multipart`,
      `${multipart('state/j.json')}{"lease":{},"run":{"id":"r","state":"committing","intent":{}}}`,
      'state.write committing',
    ],
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart('lake/tables/p.d.t.json'), 'tableLease.write'],
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart(`${RUN}/plan.json`), 'plan.write'],
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart(`${RUN}/commit.json`), 'commit.write'],
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart(`${RUN}/units/a"b.json`), 'manifest.write'],
    ['POST', `${UPLOAD}?uploadType=multipart`, multipart(`${RUN}/parts/u.1.0.avro`), 'part.upload'],
    [
      'POST',
      `${UPLOAD}?uploadType=multipart`,
      multipart('lake/rejects/job/run-1/u.1.jsonl'),
      'rejects.write',
    ],
    ['GET', '/storage/v1/b/bucket/o?prefix=lake%2Frejects%2Fjob%2F', '', 'rejects.list'],
    [
      'POST',
      `${UPLOAD}?uploadType=resumable`,
      JSON.stringify({ name: `${RUN}/parts/u` }),
      'part.upload.start',
    ],
    ['PUT', `${UPLOAD}?name=${RUN}%2Fparts%2Fu&upload_id=1`, 'bytes', 'part.upload.chunk'],
    ['PUT', `${UPLOAD}?name=${RUN}%2Fparts%2Fu&upload_id=1`, '', 'part.upload.list'],
    ['DELETE', `${UPLOAD}?name=${RUN}%2Fparts%2Fu&upload_id=1`, '', 'part.giveUp'],
    ['GET', `${OBJECT}state%2Fjob.json?alt=media`, '', 'state.read'],
    ['GET', `${OBJECT}${encodeURIComponent(`${RUN}/parts/u`)}?fields=x`, '', 'part.get'],
    ['DELETE', `${OBJECT}${encodeURIComponent(`${RUN}/units/u.json`)}`, '', 'manifest.delete'],
    ['GET', `/storage/v1/b/bucket/o?prefix=${encodeURIComponent(`${RUN}/parts/`)}`, '', 'part.list'],
    ['GET', '/storage/v1/b/bucket?fields=x', '', 'bucket.get'],
    ['POST', `${PROJECT}/jobs`, insert('beamlift_run-1_abc_publish_0'), 'job.insert publish'],
    ['POST', `${PROJECT}/jobs`, insert('beamlift_run-1_abc_load-0_2'), 'job.insert load-0#2'],
    ['POST', `${PROJECT}/jobs`, insert('beamlift_run-1_abc_load-0-48ab2db3_0'), 'job.insert load-0'],
    [
      'POST',
      `${PROJECT}/jobs`,
      insert('beamlift_r_abc_publish_1', { beamlift_burnt: '1' }),
      'job.burn publish#1',
    ],
    ['GET', `${PROJECT}/jobs/beamlift_r_abc_publish_0?location=US`, '', 'job.get publish'],
    ['POST', `${PROJECT}/jobs/beamlift_r_abc_publish_0/cancel`, '', 'job.cancel publish'],
    ['GET', `${PROJECT}/queries/beamlift_r_abc_proof-0_0`, '', 'job.rows proof-0'],
    ['GET', `${PROJECT}/datasets/d`, '', 'dataset.get'],
    ['GET', `${PROJECT}/datasets/d/tables/t`, '', 'table.get'],
    ['PATCH', `${PROJECT}/datasets/d/tables/t`, '', 'table.patch'],
    ['DELETE', `${PROJECT}/datasets/d/tables/beamlift_tmp_x`, '', 'temporaryTable.delete'],
    [
      'POST',
      `${PROJECT}/datasets/d/tables`,
      JSON.stringify({ tableReference: { tableId: 'beamlift_tmp_x' } }),
      'temporaryTable.create',
    ],
  ];
  for (const [method, url, body, effect] of cases) {
    it(`${method} ${url} ${body.slice(0, 40).replace(/\s+/g, ' ')}: ${effect}`, () => {
      assert.equal(effectOf({ method, url, body: Buffer.from(body) }), effect);
      assert.equal(isMutation(effect), method !== 'GET' && effect !== 'part.upload.list', effect);
    });
  }
});

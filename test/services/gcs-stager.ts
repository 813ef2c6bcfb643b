import { setTimeout as delay } from 'node:timers/promises';
import { openGcsBucket } from '../../core/clients/gcs';
import { stageUnit } from '../../loaders/bigquery/staging';
import { quietServices } from '../contract/quiet-services';
import { CONTEXT, LAYOUT, NEVER, stream, unit } from '../unit/bigquery/staged-run';

/** Blocks after which the stager stops in the middle of a part, and how parts are cut. */
export const BLOCK_BYTES = 256 * 1024;
export const PART_BYTES = 1024 * 1024;
const BLOCKS = 14;

/** Stages three parts of unit `u` and some of a fourth, says so, and waits to be killed. */
async function stageHalf(endpoint: string, bucketName: string): Promise<void> {
  const options = {
    bucket: bucketName,
    endpoint,
    credentials: 'anonymous',
    log: quietServices('/').log,
    environment: {},
  };
  const place = { bucket: await openGcsBucket(options), layout: LAYOUT };
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (let number = 0; number < BLOCKS; number++) yield Buffer.alloc(BLOCK_BYTES, number);
    process.stdout.write('half');
    await delay(2 ** 31 - 1);
  }
  await stageUnit(place, CONTEXT, unit('u'), stream(blocks()), NEVER, { maxPartBytes: PART_BYTES });
}

const [, script, endpoint, bucket] = process.argv;
if (script === __filename && endpoint !== undefined && bucket !== undefined) {
  void stageHalf(endpoint, bucket);
}

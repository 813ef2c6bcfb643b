import path from 'node:path';
import { installedRunner } from './installed-runners';
import { startJobService, type JobServiceProcess } from './job-service-process';

/** Beam's own local runner. Takes 0.1 seconds. `environment` is what its PROCESS workers have, too. */
export async function startPrism(
  environment: Readonly<Record<string, string>> = {},
): Promise<JobServiceProcess> {
  return await startJobService(
    path.join(installedRunner('prism'), 'prism'),
    (port) => ['-job_port', String(port), '-serve_http=false', '-log_kind=text'],
    environment,
  );
}

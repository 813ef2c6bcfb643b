import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installedRunner } from './installed-runners';
import { startJobService, type JobServiceProcess } from './job-service-process';

export interface FlinkOptions {
  /** How often Flink starts a job again that failed. */
  readonly restarts?: number;
  /** What its PROCESS workers have, too. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Beam's job service for Flink, with a Flink inside that each job has to itself. Takes some seconds. */
export async function startFlink({
  restarts = 0,
  environment = {},
}: FlinkOptions = {}): Promise<JobServiceProcess> {
  return await startJobService(
    'java',
    async (port, folder) => {
      const configuration = path.join(folder, 'conf');
      await mkdir(configuration);
      await writeFile(
        path.join(configuration, 'flink-conf.yaml'),
        [
          'taskmanager.memory.network.max: 64m',
          'taskmanager.memory.managed.size: 64m',
          ...(restarts === 0
            ? ['restart-strategy: none']
            : [
                'restart-strategy: fixed-delay',
                `restart-strategy.fixed-delay.attempts: ${restarts}`,
                'restart-strategy.fixed-delay.delay: 100 ms',
              ]),
          '',
        ].join('\n'),
      );
      return [
        '-Xmx1g',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Djava.io.tmpdir=${folder}`,
        '-cp',
        path.join(installedRunner('flink'), 'jars', '*'),
        'org.apache.beam.runners.flink.FlinkJobServerDriver',
        '--flink-master=[local]',
        `--flink-conf-dir=${configuration}`,
        `--artifacts-dir=${path.join(folder, 'artifacts')}`,
        `--job-port=${port}`,
        '--artifact-port=0',
        '--expansion-port=-1',
      ];
    },
    environment,
  );
}

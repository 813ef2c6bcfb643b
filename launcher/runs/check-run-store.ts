import { access, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { CheckFinding } from '../../core/extractor';
import { whyEphemeral, type MachineFacts } from './ephemeral-files';
import { openRunStore } from './open-run-store';
import type { RunStoreServices } from './run-store-services';
import type { RunStoreSpec } from './run-store-spec';

/** Marks that Docker and Podman leave in their containers. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv'];

/** Tries to read the run store, and says where the history will not last. Throws what opening and reading throw. */
export async function checkRunStoreSpec(
  spec: RunStoreSpec,
  services: RunStoreServices,
): Promise<CheckFinding[]> {
  const store = await openRunStore(spec, services, { create: false });
  let detail: string;
  try {
    const [last] = await store.list({ limit: 1 });
    detail = last === undefined ? 'no runs yet' : `last run ${last.id}`;
  } finally {
    await store.close();
  }
  const read: CheckFinding = { step: 'read', ok: true, detail };
  if (spec.type !== 'sqlite') return [read];
  const why = whyEphemeral(await existingPath(spec.config.path), await machineFacts(services));
  if (why === undefined) return [read];
  return [
    read,
    {
      step: 'lasting',
      ok: true,
      warning: true,
      detail: `the history of runs will be lost: ${why}`,
      hint: 'Set `run_store` to postgres://user@host/database or gs://bucket/prefix. Loads are right without a history, too: what has been loaded is kept with the data.',
    },
  ];
}

async function machineFacts({ environment }: Pick<RunStoreServices, 'environment'>): Promise<MachineFacts> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => undefined);
  const marks = await Promise.all(
    CONTAINER_MARKS.map(
      async (mark) =>
        await access(mark).then(
          () => true,
          () => false,
        ),
    ),
  );
  return { environment, mounts, isContainer: marks.includes(true) };
}

/** The path without symbolic links, of the part of it that exists. */
async function existingPath(file: string): Promise<string> {
  const parent = path.dirname(file);
  const real = await realpath(file).catch(() => undefined);
  if (real !== undefined || parent === file) return real ?? file;
  return path.join(await existingPath(parent), path.basename(file));
}

import { BeamliftError } from '../../../core/errors';
import { neverAborts } from '../../../core/never-aborts';
import type { Manifest } from '../../../core/manifest';
import { planSchema, type Plan } from '../../../core/plan';
import { commitRun } from '../../../pipelines/commit-run';
import { openEquipment, type OpenEquipment } from '../../../pipelines/open-equipment';
import { quietServices } from '../../contract/quiet-services';
import type { CrashScene } from './crash-scene';

/** How a committer ended that was not to fail. */
export type CommitterEnd = 'published' | 'taken over';

/** A worker of a pipeline that has all manifests of a run, and publishes it in the lease of its launcher, with the same fence. */
export class JoinedCommitter {
  private constructor(
    private readonly plan: Plan,
    private readonly manifests: readonly Manifest[],
    private readonly equipment: OpenEquipment,
  ) {}

  /** Of the run in progress, whose units are all staged; close it in the end. Its requests are not the launcher's: nothing breaks them. */
  static async open(scene: CrashScene): Promise<JoinedCommitter> {
    const plan = planSchema.parse(JSON.parse(await scene.runObject('plan.json')));
    const { destination } = plan.context;
    const config = { ...destination.config, ...scene.soundEndpoints };
    const context = { ...plan.context, destination: { ...destination, config } };
    const equipment = await openEquipment(context, quietServices(scene.folder), neverAborts());
    const { recovery } = equipment.loader;
    const manifests = (await recovery?.manifests(context, neverAborts())) ?? [];
    return new JoinedCommitter({ ...plan, context }, manifests, equipment);
  }

  /** Throws what a worker fails with. */
  async commit(): Promise<CommitterEnd> {
    const { context, units } = this.plan;
    const { loader } = this.equipment;
    if (loader.recovery === undefined) throw new Error('nobody can join a run of this destination');
    try {
      const joined = await loader.recovery.joinRun(context, neverAborts());
      try {
        await commitRun(context, units, this.manifests, loader, () => undefined, joined.lost);
      } finally {
        await joined.leave();
      }
      return 'published';
    } catch (thrown) {
      if (thrown instanceof BeamliftError && thrown.code === 'FENCED') return 'taken over';
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.equipment.close();
  }
}

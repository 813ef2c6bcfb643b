import '../sdk-entry';
import type { IOperator } from 'apache-beam/worker/operators';
import { loggingLocalStorage } from 'apache-beam/worker/logging';
import { BundleProcessor } from 'apache-beam/worker/worker';
import { replaceMethod } from './replace-method';

/** An operator that wants to know when its bundle failed, here or in another operator. */
export interface AbortableOperator extends IOperator {
  /** Ends what is under way and releases what the bundle holds. Resolves when nothing of the bundle runs any more; safe to call again. Never rejects. */
  abortBundle(error: unknown): Promise<void>;
}

/**
 * `worker/worker.js:407`, BundleProcessor.process: when a bundle fails, its operators are never told. Those that await would go on beside
 * the bundle's next attempt, with connections and uploads nobody ends. It also prints a line for each bundle, on the direct runner
 * into the launcher's own output.
 * Repaired: nothing is printed, and every operator that has `abortBundle` is called and waited for before the bundle's failure is told.
 */
export function repairBundleLifecycle(): void {
  replaceMethod<BundleProcessor, [string], Promise<void>>(
    BundleProcessor.prototype,
    'process',
    () =>
      async function (instructionId) {
        const { loggingStageInfo, topologicallyOrderedOperators: operators } = this;
        this.metricsContainer.reset();
        this.currentBundleId = instructionId;
        loggingStageInfo.instructionId = instructionId;
        try {
          await loggingLocalStorage.run(loggingStageInfo, async () => {
            // Elements flow as soon as the source has started, so those downstream start first.
            for (const operator of operators.toReversed()) {
              loggingStageInfo.transformId = operator.transformId;
              await operator.startBundle();
            }
            for (const operator of operators) {
              loggingStageInfo.transformId = operator.transformId;
              await operator.finishBundle();
            }
          });
        } catch (error) {
          await Promise.allSettled(
            operators.filter(isAbortable).map(async (operator) => await operator.abortBundle(error)),
          );
          throw error;
        } finally {
          delete loggingStageInfo.instructionId;
          delete loggingStageInfo.transformId;
          delete this.currentBundleId;
          delete this.stateProvider;
        }
      },
  );
}

export function isAbortable(operator: IOperator): operator is AbortableOperator {
  return 'abortBundle' in operator;
}

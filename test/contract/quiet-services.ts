import type { SourceServices } from '../../core/extractor';

/** Services of a test: nothing is logged, secrets are the texts themselves, the environment is empty. */
export function quietServices(baseFolder: string): SourceServices {
  const quiet = (): void => undefined;
  return {
    baseFolder,
    environment: {},
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    secrets: { resolve: (text) => Promise.resolve(text) },
  };
}

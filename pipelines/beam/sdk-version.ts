import { BeamliftError } from '../../core/errors';

/** The one version that the repairs in `repairs/` were written for; npm has no later release. */
export const SDK_VERSION = '2.49.0';

/**
 * Refuses to go on with another Beam SDK than the one that is repaired: a repair that no longer fits would not fail, it would lose or
 * duplicate work units. Throws RUNNER_UNUSABLE.
 */
export function checkSdkVersion(installed: string | undefined): void {
  if (installed === SDK_VERSION) return;
  throw new BeamliftError('RUNNER_UNUSABLE', {
    what:
      installed === undefined
        ? 'The Beam SDK (npm package apache-beam) is not installed'
        : `The Beam SDK (npm package apache-beam) has version ${installed}, and beamlift needs ${SDK_VERSION} exactly`,
    why: 'Beamlift mends faults of the SDK in place, and knows them in this version alone.',
    hint: `Install beamlift again with its lock file, or: npm install --save-exact apache-beam@${SDK_VERSION}. \`--runner in-process\` works without it.`,
  });
}

/** The version of the SDK that would be loaded, without loading it; undefined: there is none. */
export async function installedSdkVersion(): Promise<string | undefined> {
  try {
    const { version } = await import('apache-beam/version');
    return version;
  } catch {
    return undefined;
  }
}

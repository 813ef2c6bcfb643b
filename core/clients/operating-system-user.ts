import { userInfo } from 'node:os';
import { BeamliftError } from '../errors';

/** The user that this process runs as. Throws CONFIG_INVALID with `hint` where the operating system knows no name. */
export function operatingSystemUser(hint: string): string {
  try {
    return userInfo().username;
  } catch {
    throw new BeamliftError('CONFIG_INVALID', {
      what: 'The connection names no user, and the operating system knows no name for this one',
      hint,
    });
  }
}

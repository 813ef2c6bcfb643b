import path from 'node:path';

/**
 * How the user called the program, for lines to type next. `script` is the absolute path Node was given (symbolic links not followed).
 *
 * - a global installation: `beamlift`
 * - `node_modules/.bin/beamlift`: `npx beamlift`, which works whether or not that folder is in PATH
 * - a checkout: its path relative to `cwd`, as in `./bin/beamlift.js`; the absolute path where that is shorter
 */
export function describeInvocation(script: string, cwd: string): string {
  if (path.basename(script) === 'beamlift') {
    return script.includes(`${path.sep}node_modules${path.sep}.bin${path.sep}`) ? 'npx beamlift' : 'beamlift';
  }
  const relative = path.relative(cwd, script);
  const dotted =
    relative.startsWith('..') || path.isAbsolute(relative) ? relative : `.${path.sep}${relative}`;
  return quoteArgument(dotted.length <= script.length ? dotted : script);
}

/** An argument as a POSIX shell takes it literally: quoted only where it must be. */
export function quoteArgument(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

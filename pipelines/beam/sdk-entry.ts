/**
 * Imported first by every module that uses the Beam SDK: it puts in order what the SDK needs while it loads.
 *
 * - serialize-closures `dist/src/builtins.js:123` calls `util.isPrimitive`, which Node.js 23 removed: loading the SDK fails there.
 * - `pvalue.js:231`: the SDK's modules import each other in a circle that is only survived when its entry point is loaded first;
 *   `apache-beam/transforms/create` by itself, for one, ends in a TypeError.
 */
import './repairs/primitive-check';
import 'apache-beam';

import util from 'node:util';

/**
 * Gives `util.isPrimitive` back to Node.js from 23 on. serialize-closures `dist/src/builtins.js:123` calls it while it loads, so
 * without it the SDK does not load at all. A version of Node.js that has it keeps its own.
 */
export function provideIsPrimitive(target: object): void {
  if ('isPrimitive' in target) return;
  Object.defineProperty(target, 'isPrimitive', { value: isPrimitive, configurable: true });
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

// At import, unlike the other repairs: it has to be there before the SDK's first line runs.
provideIsPrimitive(util);

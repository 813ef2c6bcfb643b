import { BeamliftError } from '../../../core/errors';

/** On a replacement: the method it replaced. Repairs are kept in the SDK itself, so that it is repaired once, whoever asks. */
const REPLACED = Symbol.for('beamlift.replaced-method');

type Method = (this: unknown, ...args: never[]) => unknown;
type Methods = Record<string, Method | undefined>;
type Replacement = Method & { readonly [REPLACED]?: Method };

/**
 * Puts a repaired method in the place of the SDK's. `make` is given the SDK's own. Does nothing where that was done before.
 * Throws INTERNAL where the SDK has no such method.
 */
export function replaceMethod<This, Args extends unknown[], Result>(
  target: object,
  name: string,
  make: (original: (this: This, ...args: Args) => Result) => (this: This, ...args: Args) => Result,
): void {
  const methods = target as Methods;
  const current: Replacement | undefined = methods[name];
  if (typeof current !== 'function') {
    throw new BeamliftError('INTERNAL', {
      what: 'The Beam SDK is not built as beamlift expects',
      why: `it has no method ${name} to repair`,
    });
  }
  if (current[REPLACED] !== undefined) return;
  const repaired = make(current as unknown as (this: This, ...args: Args) => Result);
  methods[name] = Object.assign(repaired, { [REPLACED]: current }) as unknown as Method;
}

/** Takes a repair back until the returned function is called, for tests that show what goes wrong without it. */
export function takeBack(target: object, name: string): () => void {
  const methods = target as Methods;
  const repaired: Replacement | undefined = methods[name];
  const original = repaired?.[REPLACED];
  if (original === undefined) {
    throw new BeamliftError('INTERNAL', { what: `The method ${name} is not repaired` });
  }
  methods[name] = original;
  return () => {
    methods[name] = repaired;
  };
}

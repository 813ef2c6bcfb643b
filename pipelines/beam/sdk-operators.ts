import './sdk-entry';
import { registerOperatorConstructor } from 'apache-beam/worker/operators';
import type { IOperator, OperatorContext } from 'apache-beam/worker/operators';
import type { PTransform } from 'apache-beam/proto/beam_runner_api';
import { BeamliftError } from '../../core/errors';

/** Makes the operator that runs a transform in a worker. */
export type OperatorConstructor = (
  transformId: string,
  transform: PTransform,
  context: OperatorContext,
) => IOperator;

/** Every function of the SDK carries what it closes over, for its serialization of functions. */
interface WithClosure {
  readonly __closure?: () => Readonly<Record<string, unknown>>;
}

/**
 * What the SDK's worker makes operators with, by URN. The SDK can only add to its registry; wrapping one of its own operators takes
 * reading it, which its functions' recorded closures allow.
 */
export function operatorConstructor(urn: string): OperatorConstructor {
  const constructors = closureOf(registerOperatorConstructor)['operatorsByUrn'];
  const found: unknown = constructors instanceof Map ? constructors.get(urn) : undefined;
  if (typeof found !== 'function') throw changed(`no operator for ${urn}`);
  return found as OperatorConstructor;
}

/** The class of an operator that the SDK does not export. */
export function operatorClass(urn: string): { readonly prototype: object } {
  const found = closureOf(operatorConstructor(urn))['cls'];
  if (typeof found !== 'function') throw changed(`no class of an operator for ${urn}`);
  return { prototype: found.prototype as object };
}

function closureOf(target: unknown): Readonly<Record<string, unknown>> {
  return (target as WithClosure).__closure?.() ?? {};
}

function changed(why: string): BeamliftError {
  return new BeamliftError('INTERNAL', { what: 'The Beam SDK is not built as beamlift expects', why });
}

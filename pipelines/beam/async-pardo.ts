import './sdk-entry';
import type { Coder } from 'apache-beam/coders/coders';
import type { Pipeline } from 'apache-beam/internal/pipeline';
import { FunctionSpec, ParDoPayload, type PTransform } from 'apache-beam/proto/beam_runner_api';
import type { PCollection } from 'apache-beam/pvalue';
import { parDo } from 'apache-beam/transforms/pardo';
import { withName } from 'apache-beam/transforms/transform';
import { registerOperatorConstructor, type OperatorContext } from 'apache-beam/worker/operators';
import { z } from 'zod';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';
import type { AsyncDoFnEntry } from './async-do-fn';
import { AsyncParDoOperator } from './async-pardo-operator';
import { operatorConstructor, type OperatorConstructor } from './sdk-operators';

/** How a worker tells an asynchronous function from the SDK's own kinds. */
const ASYNC_DO_FN_URN = 'beamlift:dofn:async:v1';

const payloadSchema = z.strictObject({
  name: z.string(),
  config: z.json(),
  concurrency: z.int().min(1),
});

/** An asynchronous step as a pipeline has it: data, since a function would have to be serialized. */
export interface AsyncStep {
  /** Under which the worker has the function: `registerAsyncDoFn`. */
  readonly name: string;
  readonly config: JsonObject;
  /** Elements of one bundle at once. */
  readonly concurrency: number;
}

/**
 * A ParDo whose function awaits.
 *
 * The SDK's own is synchronous to the bone: `worker/operators.js:624` iterates over what `process` returns, so a promise is no output and
 * nobody waits for it, and `startBundle` and `finishBundle` are called without waiting. A step that reads a database cannot be written
 * with it. The worker beneath, though, does wait for a promise that an *operator* returns. So this transform is an ordinary
 * `beam:transform:pardo:v1` to every runner, whose function has a URN of its own, and the worker has an operator of its own for those.
 * (A transform with a URN of its own does not do: Flink reports such a job as done and runs nothing.)
 *
 * On the SDK's direct runner it must have a GroupByKey (Reshuffle) before it: `runners/direct_runner.js` drops the promise of whatever
 * is joined to its Impulse.
 *
 * `coder` is the output's. Elements that cross between workers are encoded; the SDK's general coder changes whole numbers from 2^31 on,
 * NaN, dates and binary data in silence (`coders/js_coders.js`), so steps pass texts to each other.
 */
export function asyncParDo<Output>(
  label: string,
  step: AsyncStep,
  coder: Coder<Output>,
): (input: PCollection<unknown>, pipeline: Pipeline, transform: PTransform) => PCollection<Output> {
  const payload = new TextEncoder().encode(JSON.stringify(step));
  return withName(label, (_input: PCollection<unknown>, pipeline: Pipeline, transform: PTransform) => {
    const doFn = FunctionSpec.create({ urn: ASYNC_DO_FN_URN, payload });
    transform.spec = FunctionSpec.create({
      urn: parDo.urn,
      payload: ParDoPayload.toBinary(ParDoPayload.create({ doFn })),
    });
    return pipeline.createPCollectionInternal(coder);
  });
}

/** Gives the worker of this process a function for the steps of this name, until the returned function is called. */
export function registerAsyncDoFn(name: string, entry: AsyncDoFnEntry): () => void {
  const entries = asyncDoFns();
  if (entries.has(name)) {
    throw new BeamliftError('INTERNAL', { what: `The step ${name} has a function already` });
  }
  entries.set(name, entry);
  return () => {
    if (entries.get(name) === entry) entries.delete(name);
  };
}

/** Where an operator constructor of ours keeps its functions. */
const FUNCTIONS = Symbol.for('beamlift.async-do-fns');

interface AsyncParDoConstructor extends OperatorConstructor {
  readonly [FUNCTIONS]: Map<string, AsyncDoFnEntry>;
}

/** The functions of this process; they belong to the SDK's registry of operators, which is put in charge of them at the first call. */
function asyncDoFns(): Map<string, AsyncDoFnEntry> {
  const current = operatorConstructor(parDo.urn);
  if (isOurs(current)) return current[FUNCTIONS];
  const entries = new Map<string, AsyncDoFnEntry>();
  const construct: OperatorConstructor = (transformId, transform, context) => {
    const { doFn } = ParDoPayload.fromBinary(transform.spec?.payload ?? new Uint8Array());
    if (doFn?.urn !== ASYNC_DO_FN_URN) return current(transformId, transform, context);
    return makeOperator(entries, transformId, transform, context, doFn.payload);
  };
  registerOperatorConstructor(parDo.urn, Object.assign(construct, { [FUNCTIONS]: entries }));
  return entries;
}

function isOurs(construct: OperatorConstructor): construct is AsyncParDoConstructor {
  return FUNCTIONS in construct;
}

function makeOperator(
  entries: ReadonlyMap<string, AsyncDoFnEntry>,
  transformId: string,
  transform: PTransform,
  context: OperatorContext,
  payload: Uint8Array,
): AsyncParDoOperator {
  const { name, config, concurrency } = payloadSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
  const entry = entries.get(name);
  if (entry === undefined) {
    throw new BeamliftError('RUNNER_UNUSABLE', {
      what: `This worker has no function for the step ${name}`,
      why: 'Launcher and worker are not of the same build of beamlift.',
      hint: 'Use the worker image that was made with this version.',
    });
  }
  const [output] = Object.values(transform.outputs);
  return new AsyncParDoOperator(transformId, {
    doFn: entry.make(config),
    concurrency,
    signal: entry.signal,
    receiver: context.getReceiver(output),
    context,
  });
}

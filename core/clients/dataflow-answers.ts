import type { DataflowCounter, DataflowJob, DataflowMessage, DataflowScaling } from './dataflow-api';
import { textIn } from './google-answers';
import { asRecord } from './small-http';

type Json = Readonly<Record<string, unknown>>;

/** Flattened parts of a distribution, which the service lists beside it. */
const PARTS_OF_DISTRIBUTIONS = /_(?:MIN|MAX|MEAN|COUNT)$/;

/** A job resource. Throws GoogleServiceFailure without a status when its id is missing. */
export function jobOf(resource: Json): DataflowJob {
  const labels = Object.entries(asRecord(resource['labels']));
  return {
    id: textIn(resource, 'id'),
    name: optionalText(resource['name']) ?? '',
    state: optionalText(resource['currentState']) ?? 'JOB_STATE_UNKNOWN',
    clientRequestId: optionalText(resource['clientRequestId']),
    labels: new Map(labels.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []))),
  };
}

/** A message; undefined: it says nothing. Ids are not always there. */
export function messageOf(resource: Json): DataflowMessage | undefined {
  const text = optionalText(resource['messageText']);
  if (text === undefined) return undefined;
  const time = optionalText(resource['time']) ?? '';
  const importance = optionalText(resource['messageImportance']) ?? 'JOB_MESSAGE_BASIC';
  return { key: JSON.stringify([resource['id'] ?? '', time, text]), time, importance, text };
}

export function scalingOf(resource: Json): DataflowScaling {
  return {
    time: optionalText(resource['time']) ?? '',
    current: wholeNumber(resource['currentNumWorkers']),
    target: wholeNumber(resource['targetNumWorkers']),
  };
}

/** A counter of a user's step; undefined: a metric of another kind. */
export function counterOf(resource: Json): DataflowCounter | undefined {
  const described = asRecord(resource['name']);
  const name = optionalText(described['name']);
  const value = wholeNumber(resource['scalar']);
  if (described['origin'] !== 'user' || name === undefined || value === undefined) return undefined;
  if (PARTS_OF_DISTRIBUTIONS.test(name)) return undefined;
  const context = asRecord(described['context']);
  const { tentative } = context;
  return {
    name,
    step: optionalText(context['step']) ?? '',
    tentative: tentative !== undefined && tentative !== 'false' && tentative !== false,
    value,
  };
}

/** The objects of a list that may be absent. */
export function listIn(page: Json, member: string): Json[] {
  const list = page[member];
  return Array.isArray(list) ? list.map(asRecord) : [];
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** 64-bit numbers come as texts. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

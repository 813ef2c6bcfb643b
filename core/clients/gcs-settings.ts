import type { BucketSettings } from './gcs-bucket';
import { textIn } from './google-answers';
import { asRecord } from './small-http';

/** Conditions that speak of versions which were replaced, or of a date that only their owner sets: what we write never meets them. */
const CONDITIONS_NEVER_MET = [
  'numNewerVersions',
  'daysSinceNoncurrentTime',
  'noncurrentTimeBefore',
  'daysSinceCustomTime',
  'customTimeBefore',
] as const;

/** A bucket resource as people and `check` look at it. A condition that is not known counts as met: rather warn once too often. */
export function bucketSettings(resource: Readonly<Record<string, unknown>>, nowMs: number): BucketSettings {
  const rules = asRecord(resource['lifecycle'])['rule'];
  const deletions = (Array.isArray(rules) ? (rules as readonly unknown[]) : [])
    .map(asRecord)
    .filter((rule) => asRecord(rule['action'])['type'] === 'Delete')
    .map((rule) => asRecord(rule['condition']));
  const retention = asRecord(resource['retentionPolicy'])['retentionPeriod'];
  return {
    location: textIn(resource, 'location'),
    retentionSeconds: retention === undefined ? undefined : Number(retention),
    deletesAfterDays: (prefix) => {
      const days = deletions
        .filter((condition) => touches(condition, prefix))
        .map((condition) => daysOf(condition, nowMs))
        .filter((found) => found !== undefined);
      return days.length === 0 ? undefined : Math.min(...days);
    },
  };
}

/** Whether some object under the prefix has a name that the rule speaks of. */
function touches(condition: Readonly<Record<string, unknown>>, prefix: string): boolean {
  const prefixes = condition['matchesPrefix'];
  if (!Array.isArray(prefixes) || prefixes.length === 0) return true;
  return prefixes.some(
    (other: unknown) => typeof other === 'string' && (other.startsWith(prefix) || prefix.startsWith(other)),
  );
}

/** Days after which an object written now is deleted; undefined: never. All conditions of a rule must be met. */
function daysOf(condition: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  if (condition['isLive'] === false || CONDITIONS_NEVER_MET.some((name) => condition[name] !== undefined)) {
    return undefined;
  }
  const before = condition['createdBefore'];
  if (typeof before === 'string' && Date.parse(before) <= nowMs) return undefined;
  const age = Number(condition['age'] ?? 0);
  return Number.isNaN(age) ? 0 : age;
}

import { isAlive, type LeaseRequest } from './job-lease-decision';
import { unfinishedRunOf } from './state-document';
import type { KeptDocument } from './state-session';

/** A sentence for a plan that is only shown: what the next run of the job meets before it does what the plan says. */
export function reviewUnfinished(
  kept: KeptDocument,
  request: Pick<LeaseRequest, 'runId' | 'isRunning'>,
): string[] {
  const unfinished = unfinishedRunOf(kept.document);
  if (unfinished === null) return [];
  const { runId, state } = unfinished;
  if (state === 'needs_attention') {
    return [
      `Run ${runId} needs attention: no run loads anything before it is ended, see \`beamlift runs show ${runId}\`.`,
    ];
  }
  if (isAlive(kept, request)) {
    return [
      `Run ${runId} of this job is going on: until it has ended, another one is skipped. Then this plan will be another one.`,
    ];
  }
  return [
    `Run ${runId} of this job has not ended, and its process is gone: the next run finishes or ends it first, and loads what is left then.`,
  ];
}

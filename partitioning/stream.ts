import type { SourceStream } from '../core/extractor';
import type { WorkUnit } from '../core/plan';
import { numbered } from './unit-id';

/** A unit for each stream that the source has cut, in its order. */
export function streamUnits(streams: readonly SourceStream[]): WorkUnit[] {
  return streams.map(({ name, rows }, index) => ({
    id: `s${numbered(index + 1, streams.length, 4)}`,
    kind: 'stream',
    stream: name,
    ...(rows === null ? {} : { estimatedRows: rows }),
  }));
}

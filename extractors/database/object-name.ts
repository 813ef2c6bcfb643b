import type { SourceSpec } from '../../core/plan';

/** How errors call what a source reads. */
export function objectName({ object }: SourceSpec): string {
  if (object.kind === 'table') {
    return object.schema === undefined ? object.name : `${object.schema}.${object.name}`;
  }
  return object.kind === 'query' ? 'query' : object.pattern;
}

import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';

/**
 * `duckdb:warehouse.duckdb`, `duckdb:///absolute/path`, or a path that ends in `.duckdb`; names are taken as they are written, without
 * percent escapes. Undefined: not a URL of DuckDB. Throws USAGE.
 */
export function parseDuckdbUrl(url: string): JsonObject | undefined {
  const scheme = /^duckdb:/i.exec(url);
  if (scheme === null)
    return /\.duckdb$/i.test(url) && !/^[a-z][a-z0-9+.-]+:/i.test(url) ? { path: url } : undefined;
  const rest = url.slice(scheme[0].length);
  if (rest === '' || rest === '//' || rest === '///') throw wrongUrl('it names no file');
  if (rest.startsWith(':memory:')) {
    throw wrongUrl('a database in memory would be gone with the end of the run');
  }
  if (!rest.startsWith('//')) return { path: rest };
  if (rest.startsWith('///')) return { path: rest.slice(2) };
  throw wrongUrl('what stands behind two slashes would be a host, and DuckDB is a file');
}

function wrongUrl(why: string): BeamliftError {
  return new BeamliftError('USAGE', {
    what: 'The URL does not name a DuckDB file',
    why,
    hint: 'Write duckdb:warehouse.duckdb for a file in this folder, or duckdb:///absolute/path/warehouse.duckdb.',
  });
}

import { CATEGORY_KEYS, type JobKey, type JobKeys, OBJECT_KEYS } from './job-schema';

export type LoadType = 'transactional' | 'catalog' | 'merge';
export type Category = keyof typeof CATEGORY_KEYS;

const CONNECTION_KEYS = ['connection', 'source_type', 'connection_params'] as const satisfies JobKey[];
/** Keys that say which rows of a column are read. */
const WINDOW_KEYS = [
  'historical_start_date',
  'last_sync_value',
  'hold_back',
  'lookback',
] as const satisfies JobKey[];

/** The load type without its aliases. */
export function canonicalLoadType(written: JobKeys['load_type']): LoadType | undefined {
  if (written === 'append') return 'transactional';
  return written === 'replace' ? 'catalog' : written;
}

/**
 * Why a key means nothing to a job, in words that say what to do; undefined: it is used.
 * A key that a job has itself must be used; one from `defaults` is left out where it is not.
 */
export function whyUnused(key: JobKey, keys: JobKeys, category: Category | undefined): string | undefined {
  const has = (names: readonly JobKey[]): boolean => names.includes(key);
  if (category === 'files' && has(CATEGORY_KEYS.database)) {
    return key === 'timestamp_column'
      ? 'files have none: what is new is known by the name, size and time of a file; remove it'
      : 'is for databases, and the connection is one of files; remove it';
  }
  if (category === 'database' && has(CATEGORY_KEYS.files)) {
    return 'is for files, and the connection is one of a database; remove it';
  }
  const loadType = canonicalLoadType(keys.load_type);
  if (loadType === undefined) return undefined;
  if (key === 'key_columns' && loadType !== 'merge') {
    return `is for load_type merge; ${loadType === 'catalog' ? 'a catalog load replaces the table' : 'a transactional load only adds rows'}`;
  }
  if (key === 'lookback' && loadType !== 'merge') {
    return 'is for load_type merge: any other load would have the rows twice that it reads again';
  }
  if (key === 'file_selection' && loadType !== 'catalog' && keys.file_selection === 'latest') {
    return 'latest is for load_type catalog: other loads take each new file';
  }
  if (has(WINDOW_KEYS)) return whyNoWindow(keys, loadType);
  return undefined;
}

function whyNoWindow(keys: JobKeys, loadType: LoadType): string | undefined {
  if (loadType === 'catalog')
    return 'means nothing to a catalog load, which reads everything; remove it, or use a filter';
  if (loadType === 'merge' && keys.timestamp_column === undefined) {
    return 'needs a timestamp_column: without one, a merge load reads everything';
  }
  return undefined;
}

/** Keys of `defaults` and of a job itself, together. Mappings are merged key by key. */
export function mergeDefaults(defaults: JobKeys, own: JobKeys, category: Category | undefined): JobKeys {
  const inherited: JobKeys = { ...defaults };
  for (const group of [OBJECT_KEYS, CONNECTION_KEYS] as const) {
    if (group.some((key) => own[key] !== undefined))
      for (const key of group) Reflect.deleteProperty(inherited, key);
  }
  const together: JobKeys = {
    ...inherited,
    ...own,
    ...merged('split', inherited, own),
    ...merged('rejects', inherited, own),
    ...merged('file_format_options', inherited, own),
    ...merged('column_mapping', inherited, own),
    ...merged('table_options', inherited, own),
    ...mergedPolicies(inherited, own),
  };
  const kept: JobKeys = { ...together };
  for (const key of Object.keys(inherited) as JobKey[]) {
    const unused = own[key] === undefined && whyUnused(key, together, category) !== undefined;
    const ofCatalog = key === 'timestamp_column' && canonicalLoadType(together.load_type) === 'catalog';
    if (unused || (ofCatalog && own[key] === undefined)) Reflect.deleteProperty(kept, key);
  }
  return kept;
}

function merged<Key extends 'split' | 'rejects' | 'file_format_options' | 'column_mapping' | 'table_options'>(
  key: Key,
  inherited: JobKeys,
  own: JobKeys,
): Pick<JobKeys, Key> | undefined {
  const [below, above] = [inherited[key], own[key]];
  if (below === undefined || above === undefined) return undefined;
  return { [key]: together(below, above) } as Pick<JobKeys, Key>;
}

function mergedPolicies(inherited: JobKeys, own: JobKeys): Pick<JobKeys, 'policies'> | undefined {
  const [below, above] = [inherited.policies, own.policies];
  if (below === undefined || above === undefined) return undefined;
  const columns = together(below.columns ?? {}, above.columns ?? {});
  for (const [name, policies] of Object.entries(below.columns ?? {})) {
    columns[name] = { ...policies, ...(Object.hasOwn(columns, name) ? columns[name] : {}) };
  }
  return { policies: { ...below, ...above, columns } };
}

/** A null-prototype object: keys may be names of columns. */
function together<Mapping extends object>(below: Mapping, above: Mapping): Mapping {
  const both = Object.create(null) as Mapping;
  for (const [key, value] of [...Object.entries(below), ...Object.entries(above)]) {
    (both as Record<string, unknown>)[key] = value;
  }
  return both;
}

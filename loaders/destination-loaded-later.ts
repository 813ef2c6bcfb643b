import type { DestinationModule } from '../core/loader';

/** What is known of a destination before its code is loaded. */
export interface DestinationOutline<Type extends string> extends Pick<
  DestinationModule<Type>,
  'type' | 'embedded'
> {
  /** Every URL that `parseUrl` knows; it is asked about these alone. */
  readonly urls: RegExp;
}

/** Optional ones as well: one that is not passed on would be missing silently. */
type EveryMember<Module> = { readonly [Name in keyof Required<Module>]: Module[Name] };

/** A destination whose code is loaded when more of it is needed than its outline: a run uses one of them. */
export function destinationLoadedLater<const Type extends string>(
  { urls, type, embedded }: DestinationOutline<Type>,
  load: () => DestinationModule<Type>,
): DestinationModule<Type> {
  return {
    type,
    embedded,
    get title() {
      return load().title;
    },
    get configSchema() {
      return load().configSchema;
    },
    get secretFields() {
      return load().secretFields;
    },
    get pathFields() {
      return load().pathFields;
    },
    get createTableByDefault() {
      return load().createTableByDefault;
    },
    get rules() {
      return load().rules;
    },
    get ndjson() {
      return load().ndjson;
    },
    get jobKeys() {
      return load().jobKeys;
    },
    get unitSize() {
      return load().unitSize;
    },
    stagingFormat: (...asked) => load().stagingFormat(...asked),
    typeFor: (type) => load().typeFor(type),
    nameProblem: (names) => load().nameProblem?.(names),
    parseUrl: (url) => (urls.test(url) ? load().parseUrl(url) : undefined),
    open: async (...request) => await load().open(...request),
    check: async (...request) => await load().check(...request),
  } satisfies EveryMember<DestinationModule<Type>>;
}

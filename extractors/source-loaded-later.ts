import type { SourceModule } from '../core/extractor';

/** What is known of a source before its code is loaded. */
export interface SourceOutline<Type extends string> extends Pick<
  SourceModule<Type>,
  'type' | 'aliases' | 'category'
> {
  /** Every URL that `parseUrl` knows; it is asked about these alone. */
  readonly urls: RegExp;
}

/** Optional ones as well: one that is not passed on would be missing silently. */
type EveryMember<Module> = { readonly [Name in keyof Required<Module>]: Module[Name] };

/** A source whose code is loaded when more of it is needed than its outline: most runs use one of many. */
export function sourceLoadedLater<const Type extends string>(
  { urls, type, aliases, category }: SourceOutline<Type>,
  load: () => SourceModule<Type>,
): SourceModule<Type> {
  return {
    type,
    aliases,
    category,
    get title() {
      return load().title;
    },
    get connectionSchema() {
      return load().connectionSchema;
    },
    get secretFields() {
      return load().secretFields;
    },
    get pathFields() {
      return load().pathFields ?? [];
    },
    get fieldAliases() {
      return load().fieldAliases ?? {};
    },
    parseUrl: (url) => (urls.test(url) ? load().parseUrl(url) : undefined),
    open: async (...request) => await load().open(...request),
    check: async (...request) => await load().check(...request),
    discover: async (...request) => await load().discover(...request),
  } satisfies EveryMember<SourceModule<Type>>;
}

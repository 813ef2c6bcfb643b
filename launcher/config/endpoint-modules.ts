import type { z } from 'zod';
import type { SourceModule } from '../../core/extractor';
import type { DestinationModule } from '../../core/loader';
import type { JsonObject } from '../../core/plan';
import { SOURCES } from '../../extractors';
import { DESTINATIONS } from '../../loaders';
import { ANNOUNCED_DESTINATIONS, ANNOUNCED_SOURCES } from './announced-names';

/** The kinds of sources and destinations that a configuration may name; tests bring their own. */
export interface ConfigurationModules {
  readonly sources: readonly SourceModule[];
  readonly destinations: readonly DestinationModule[];
}

export const ALL_MODULES: ConfigurationModules = { sources: SOURCES, destinations: DESTINATIONS };

/** What a connection and a destination have in common. Members are looked at when they are needed: that loads the module. */
export interface EndpointModule {
  readonly type: string;
  readonly aliases: readonly string[];
  readonly title: string;
  readonly schema: z.ZodObject;
  readonly secretFields: readonly string[];
  readonly pathFields: readonly string[];
  /** Other words for fields, and the fields that they mean; absent: none. */
  readonly fieldAliases?: Readonly<Record<string, string>>;
  /** Undefined: not a URL of this kind. Throws USAGE. */
  parseUrl(url: string): { readonly fields: JsonObject; readonly pattern: string | undefined } | undefined;
}

/** Connections or destinations: how their keys and kinds are called. */
export interface EndpointRole {
  readonly noun: 'connection' | 'destination' | 'run store' | 'runner';
  /** Keys that name the kind; the first is what messages say. None: the place names it, and there are no URLs. */
  readonly typeKeys: readonly string[];
  readonly modules: readonly EndpointModule[];
  /** Kinds of later versions. */
  readonly announced: readonly string[];
}

export function connectionRole({ sources }: ConfigurationModules): EndpointRole {
  return {
    noun: 'connection',
    typeKeys: ['source_type', 'type'],
    modules: sources.map((source) => ({
      type: source.type,
      aliases: source.aliases,
      get title() {
        return source.title;
      },
      get schema() {
        return source.connectionSchema;
      },
      get secretFields() {
        return source.secretFields;
      },
      get pathFields() {
        return source.pathFields ?? [];
      },
      get fieldAliases() {
        return source.fieldAliases ?? {};
      },
      parseUrl: (url) => {
        const parsed = source.parseUrl(url);
        return parsed && { fields: parsed.connection, pattern: parsed.object?.pattern };
      },
    })),
    announced: ANNOUNCED_SOURCES,
  };
}

export function destinationRole({ destinations }: ConfigurationModules): EndpointRole {
  return {
    noun: 'destination',
    typeKeys: ['type'],
    modules: destinations.map((destination) => ({
      type: destination.type,
      aliases: [],
      get title() {
        return destination.title;
      },
      get schema() {
        return destination.configSchema;
      },
      get secretFields() {
        return destination.secretFields;
      },
      get pathFields() {
        return destination.pathFields;
      },
      parseUrl: (url) => {
        const fields = destination.parseUrl(url);
        return fields && { fields, pattern: undefined };
      },
    })),
    announced: ANNOUNCED_DESTINATIONS,
  };
}

/** The module of a kind, by its name or an alias. */
export function findModule(role: EndpointRole, type: string): EndpointModule | undefined {
  return role.modules.find((module) => module.type === type || module.aliases.includes(type));
}

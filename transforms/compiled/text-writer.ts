import type { DestinationRules } from '../../core/destination-rules';
import type { ColumnType, TypeKind } from '../../core/schema';
import type { FieldWriter } from './field-writer';
import { compileBoolText } from './text-bool';
import { compileDecimalText } from './text-decimal';
import { compileFloatText } from './text-float';
import { compileDateText, compileInstantText, compileTimeText } from './text-instant';
import { compileIntText } from './text-int';
import { compileJsonText } from './text-json';
import { compileStringText } from './text-string';
import { compileUuidText } from './text-uuid';
import type { ValueSink } from './value-sink';

/** Kinds of sources whose texts each kind of destination is written from. */
const SOURCES: Readonly<Partial<Record<TypeKind, readonly TypeKind[]>>> = {
  bool: ['string'],
  int: ['string', 'int', 'decimal'],
  decimal: ['string', 'int', 'decimal'],
  float: ['string', 'int', 'decimal', 'float'],
  string: ['string'],
  json: ['string', 'json'],
  uuid: ['string', 'uuid'],
  date: ['string', 'date'],
  time: ['string', 'time'],
  datetime: ['string', 'date', 'datetime'],
  timestamp: ['string', 'date', 'timestamp'],
};

/** Whether there is a writer of texts for these kinds of types: `compileTextWriter` may have none for types with other limits. */
export function isReadFromText(source: ColumnType, destination: ColumnType): boolean {
  return SOURCES[destination.kind]?.includes(source.kind) === true;
}

/**
 * The writer of values that come as texts, whose bytes are ASCII or valid UTF-8: of a source of texts, or of another kind of source whose values are written in the
 * canonical form of that kind. It writes a text for which the reference (`compileCell` of `source` and `destination`) loses nothing, in the forms that each
 * `compile…Text` names, and says false to all others, at any place within what it has written. Undefined: there is no writer for these types.
 */
export function compileTextWriter(
  source: ColumnType,
  destination: ColumnType,
  rules: DestinationRules,
  sink: ValueSink,
): FieldWriter | undefined {
  if (!isReadFromText(source, destination)) return undefined;
  switch (destination.kind) {
    case 'bool':
      return compileBoolText(sink);
    case 'int':
      return compileIntText(sink, destination);
    case 'decimal':
      if (destination.precision === undefined) return undefined;
      return compileDecimalText(sink, destination.precision, destination.scale ?? 0);
    case 'float':
      // What a float32 prints means that float32, and no double.
      if (source.kind === 'float' && source.bits !== destination.bits) return undefined;
      return compileFloatText(sink, destination.bits);
    case 'string':
      return compileStringText(
        sink,
        destination,
        rules,
        source.kind === 'string' ? source.maxLength : undefined,
      );
    case 'json':
      return compileJsonText(sink, rules);
    case 'uuid':
      return compileUuidText(sink);
    case 'date':
      return compileDateText(sink, rules);
    case 'time':
      return compileTimeText(sink, destination.unit);
    case 'datetime':
    case 'timestamp':
      return compileInstantText(sink, destination.unit, rules);
    default:
      return undefined;
  }
}

import type { ColumnType } from '../../core/schema';
import { compileInstantFormat, isInfiniteInstant } from '../../core/instant-format';
import { INSTANT_POLICIES } from './from-date';
import {
  NONE_BYTES,
  NONE_INSTANT_NUMBER,
  NONE_LENGTH,
  NONE_LIST,
  NONE_STRUCT,
  NONE_UUID,
  NONE_WITHOUT_DAY,
} from './no-rule';
import { compileUnusual } from './policy-actions';
import {
  type CellFunction,
  type DestinationKind,
  type NoRule,
  type Rule,
  type RuleContext,
  type RulesFrom,
  type TypeOf,
} from './rule';
import { compileChangeUnit, compileFitDate, compileFitInstant, compileToDay, ofInstant } from './to-instant';
import { compileFitPlainText } from './to-text';

type InstantType = Extract<ColumnType, { kind: 'datetime' | 'timestamp' }>;

function toInstant(source: InstantType, destination: InstantType, context: RuleContext): CellFunction {
  const fit = compileFitInstant(destination, context);
  if (source.unit === destination.unit) return ofInstant(context, fit);
  const change = compileChangeUnit(source.unit, destination.unit, context);
  return ofInstant(context, (value) => fit(change(value)));
}

function toDate(source: InstantType, context: RuleContext): CellFunction {
  const fit = compileFitDate(context);
  const toDay = compileToDay(source.unit, context);
  return ofInstant(context, (value) => fit(toDay(value)));
}

function toText(source: InstantType, context: RuleContext, fit: (text: string) => string): CellFunction {
  const unusual = compileUnusual(context, 'string');
  const format = compileInstantFormat(source.kind, source.unit);
  return ofInstant(context, (value) => {
    const text = isInfiniteInstant(value) ? unusual('infinity', format(value)) : format(value);
    return typeof text === 'string' ? fit(text) : text;
  });
}

const UNIT = 'digits finer than the unit of the column are up to policy `inexact`';
const DAY = `The day, if the time is midnight; policy \`inexact\` decides about any other time of day (\`round\`: the day it falls on); ${INSTANT_POLICIES}.`;

type RulesBesideInstants = {
  readonly [Destination in Exclude<DestinationKind, 'datetime' | 'timestamp'>]:
    Rule<InstantType, TypeOf<Destination>> | NoRule;
};

function rulesFrom(spelling: string): RulesBesideInstants {
  return {
    date: {
      name: 'midnight',
      description: DAY,
      compile: (source, _destination, context) => toDate(source, context),
    },
    string: {
      name: 'ISO text',
      description: `${spelling}, with as many digits of a second as the unit of the source has; years before 1 and beyond 9999 have a sign; policy \`infinity\` decides about 'infinity'.`,
      compile: (source, destination, context) => toText(source, context, compileFitPlainText(destination)),
    },
    json: {
      name: 'JSON text',
      description: 'The same text as a JSON string.',
      compile: (source, _destination, context) => toText(source, context, (text) => `"${text}"`),
    },
    bool: NONE_INSTANT_NUMBER,
    int: NONE_INSTANT_NUMBER,
    float: NONE_INSTANT_NUMBER,
    decimal: NONE_INSTANT_NUMBER,
    bytes: NONE_BYTES,
    uuid: NONE_UUID,
    time: NONE_WITHOUT_DAY,
    interval: NONE_LENGTH,
    array: NONE_LIST,
    struct: NONE_STRUCT,
  };
}

export const FROM_DATETIME: RulesFrom<'datetime'> = {
  ...rulesFrom('`YYYY-MM-DDTHH:MM:SS`'),
  datetime: {
    name: 'unit, range',
    description: `The same date and time; ${UNIT}; ${INSTANT_POLICIES}.`,
    compile: (source, destination, context) => toInstant(source, destination, context),
  },
  timestamp: {
    name: 'as UTC',
    description: `The same date and time, taken as UTC; ${UNIT}; ${INSTANT_POLICIES}.`,
    compile: (source, destination, context) => toInstant(source, destination, context),
  },
};

export const FROM_TIMESTAMP: RulesFrom<'timestamp'> = {
  ...rulesFrom('`YYYY-MM-DDTHH:MM:SSZ`, in UTC'),
  datetime: {
    name: 'in UTC',
    description: `Date and time in UTC; ${UNIT}; ${INSTANT_POLICIES}.`,
    compile: (source, destination, context) => toInstant(source, destination, context),
  },
  timestamp: {
    name: 'unit, range',
    description: `The same point in time; ${UNIT}; ${INSTANT_POLICIES}.`,
    compile: (source, destination, context) => toInstant(source, destination, context),
  },
};

import type { ErrorCode } from 'yaml';

const QUOTE_SPECIAL =
  'inside of { } and [ ], a text with , : { } [ ] or # (as in ${env:NAME}) is written in quotes';

/**
 * What to write instead, for each fault of syntax. The parser's own messages are never shown: some quote the file, and a password
 * that is not in quotes is a common fault.
 */
export const YAML_FAULTS = {
  ALIAS_PROPS: 'an alias (*name) takes neither anchor nor tag',
  BAD_ALIAS: 'this is not an alias; a text that begins with * is written in quotes',
  BAD_DIRECTIVE: 'this is not a directive; a text that begins with % is written in quotes',
  BAD_DQ_ESCAPE:
    'this is not an escape; in double quotes a backslash is written \\\\, in single quotes it stands for itself',
  BAD_INDENT: 'the indentation does not fit the lines above, or a ] or } is missing',
  BAD_PROP_ORDER:
    'anchor and tag stand in front of the value; a text that begins with & or ! is written in quotes',
  BAD_SCALAR_START: 'a text that begins with @ or ` is written in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a text with ": " is written in quotes; a mapping begins on a line of its own',
  BLOCK_IN_FLOW: 'inside of { } and [ ] there are no lists with - and no texts with | or >',
  DUPLICATE_KEY: 'the key is there twice',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'the key is too long: is a quote or a colon missing?',
  MISSING_CHAR: 'a closing quote, a comma, a bracket or the colon behind a key is missing',
  MULTILINE_IMPLICIT_KEY: 'a key is on one line: is a quote missing, or the indentation wrong?',
  MULTIPLE_ANCHORS: 'a value has one anchor; a text that begins with & is written in quotes',
  MULTIPLE_DOCS: 'a configuration is one document: remove the --- and what follows',
  MULTIPLE_TAGS: 'a value has one tag; a text that begins with ! is written in quotes',
  NON_STRING_KEY: 'a key must be a text',
  RESOURCE_EXHAUSTION: 'the nesting is too deep',
  TAB_AS_INDENT: 'lines are indented with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'tags are not known here; a text that begins with ! is written in quotes',
  UNEXPECTED_TOKEN: `this does not belong here; ${QUOTE_SPECIAL}`,
  BAD_COLLECTION_TYPE: 'the tag does not fit the value; a text that begins with ! is written in quotes',
} as const satisfies Record<ErrorCode, string>;

import { delimiterOf, type FormatOptions } from './csv-dialect';
import type { OptionProblem } from './format-options';
import { encodingOf, isKnownEncoding } from './text-encoding';

const LINE_END = /[\r\n]/;
const ONE_VISIBLE_CHARACTER = /^[!-~]$/;

/** What no CSV file can have, and options that contradict each other. */
export function csvOptionProblems(options: FormatOptions): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const report = (option: keyof FormatOptions, why: string): void => {
    problems.push({ option, text: `cannot be ${JSON.stringify(options[option])}: ${why}` });
  };
  checkCharacters(options, report);
  checkBeginnings(options, report);
  checkEncoding(options, report);
  checkNulls(options, report);
  return problems;
}

type Report = (option: keyof FormatOptions, why: string) => void;

function checkCharacters(options: FormatOptions, report: Report): void {
  const { quote, escape, comment_prefix: comment } = options;
  const delimiter = delimiterOf(options);
  if (delimiter === '' || LINE_END.test(delimiter)) {
    report('delimiter', 'it must be at least one character, and no line end');
  }
  if (quote !== undefined && quote !== '' && !ONE_VISIBLE_CHARACTER.test(quote)) {
    report('quote', 'it must be one ASCII character, or empty for files without quotes');
  }
  if (escape !== undefined && escape !== '' && !ONE_VISIBLE_CHARACTER.test(escape)) {
    report('escape', 'it must be one ASCII character, or empty where quotes are doubled');
  }
  if (comment !== undefined && LINE_END.test(comment)) report('comment_prefix', 'it must be no line end');
}

/** Two of them that begin alike could not be told apart where a field or a record begins. */
function checkBeginnings(options: FormatOptions, report: Report): void {
  const { quote = '"', escape = '', comment_prefix: comment = '' } = options;
  const delimiter = delimiterOf(options);
  if (delimiter === '') return;
  if (quote !== '' && delimiter.startsWith(quote)) report('quote', 'the delimiter begins with it');
  if (escape !== '' && escape !== quote && delimiter.startsWith(escape)) {
    report('escape', 'the delimiter begins with it');
  }
  if (comment === '') return;
  if (comment.startsWith(delimiter) || delimiter.startsWith(comment)) {
    report('comment_prefix', 'a record whose first field is empty begins with the delimiter');
  }
  if (quote !== '' && comment.startsWith(quote)) {
    report('comment_prefix', 'a record whose first field is quoted begins with the quote');
  }
  if (escape !== '' && escape !== quote && comment.startsWith(escape)) {
    report('comment_prefix', 'it begins with the escape character');
  }
}

function checkEncoding(options: FormatOptions, report: Report): void {
  const { encoding, comment_prefix: comment = '' } = options;
  if (encoding === undefined) return;
  if (!isKnownEncoding(encoding)) {
    report(
      'encoding',
      'known are utf-8, latin1, utf-16le, utf-16be, windows-1250 to windows-1258, and other common names',
    );
    return;
  }
  if (encodingOf(encoding, new Uint8Array(0)) !== 'latin1') return;
  const isForeign = (text: string): boolean => /[^\0-\xff]/.test(text);
  if (isForeign(delimiterOf(options))) report('delimiter', `there is no such character in ${encoding}`);
  if (isForeign(comment)) report('comment_prefix', `there is no such character in ${encoding}`);
}

function checkNulls(
  { null_marker: markers, quoted_nulls: quotedNulls }: FormatOptions,
  report: Report,
): void {
  if (typeof markers === 'object' && markers.length === 0) {
    report('null_marker', 'it must be a text, or a list of at least one');
  }
  if (markers === undefined || quotedNulls === true) return;
  const impossible = [markers].flat().find((marker) => LINE_END.test(marker));
  if (impossible !== undefined) report('null_marker', 'only a field in quotes can hold a line end');
}

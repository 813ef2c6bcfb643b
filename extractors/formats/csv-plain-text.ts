import type { CsvDialect } from './csv-dialect';

/** Takes escapes and doubled quotes out of the texts of fields. */
export class CsvPlainText {
  /** Characters that an escape takes the meaning from, besides line ends; none where nothing is escaped. */
  readonly escapable: readonly string[];
  private readonly quote: string;
  private readonly escapes: RegExp | undefined;
  private readonly escapesAndQuotes: RegExp | undefined;

  constructor({ delimiter, quote, escape, comment, encoding }: CsvDialect) {
    this.quote = quote === undefined ? '' : String.fromCharCode(quote);
    const escapeText = escape === undefined ? '' : String.fromCharCode(escape);
    if (escapeText === '' || escapeText === this.quote) {
      this.escapable = [];
      return;
    }
    const first = (bytes: Uint8Array | undefined): string =>
      Array.from(bytes === undefined ? '' : Buffer.from(bytes).toString(encoding))[0] ?? '';
    this.escapable = [...new Set([this.quote, escapeText, first(delimiter), first(comment)])].filter(Boolean);
    const meant = ['\\r\\n', '[\\r\\n]', ...this.escapable.map(literally)].join('|');
    this.escapes = new RegExp(`${literally(escapeText)}(${meant})`, 'gu');
    this.escapesAndQuotes =
      this.quote === ''
        ? this.escapes
        : new RegExp(
            `${literally(escapeText)}(${meant})|${literally(this.quote)}(${literally(this.quote)})`,
            'gu',
          );
  }

  /** The text that is meant by what stands in the file, within its quotes where it has some. */
  of(text: string, isQuoted: boolean): string {
    const found = isQuoted ? this.escapesAndQuotes : this.escapes;
    if (found === undefined) return text.replaceAll(this.quote + this.quote, () => this.quote);
    return text.replace(found, (_, escaped?: string, doubled?: string) => escaped ?? doubled ?? '');
  }
}

function literally(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

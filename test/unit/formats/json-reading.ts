import { JsonNames } from '../../../extractors/formats/json-names';
import { JsonScanner, type JsonFraming } from '../../../extractors/formats/json-scanner';

/** A record as the scanner reported it. */
export interface Scanned {
  readonly number: number;
  readonly problem: string | undefined;
  /** Keys with the source text of their values. */
  readonly fields: [name: string, text: string][];
}

/** All records of a text that is fed in pieces, cut before each index of `cuts`. */
export function scan(
  content: string | Uint8Array,
  framing: JsonFraming,
  cuts: readonly number[] = [],
  maxRecordBytes?: number,
): Scanned[] {
  const bytes = Buffer.from(content);
  const names = new JsonNames([]);
  const records: Scanned[] = [];
  const scanner = new JsonScanner(
    framing,
    names,
    (record) => {
      const keys = [...record.keys.subarray(0, record.fields)];
      records.push({
        number: record.number,
        problem: record.problem,
        fields:
          record.problem === undefined
            ? keys.map((key) => [names.names[key] ?? '', record.text(key) ?? ''])
            : [],
      });
    },
    maxRecordBytes === undefined ? {} : { maxRecordBytes },
  );
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    scanner.feed(bytes.subarray(start, end));
    start = end;
  }
  scanner.end();
  return records;
}

/** Says what is wrong with one line after the other; one scanner for all of them, as making one takes longer than a line. */
export function lineProblems(): (line: string) => string | undefined {
  const problems: (string | undefined)[] = [];
  const scanner = new JsonScanner('lines', new JsonNames([]), (record) => problems.push(record.problem));
  return (line) => {
    problems.length = 0;
    scanner.feed(Buffer.from(`\n${line}\n`));
    return problems[0];
  };
}

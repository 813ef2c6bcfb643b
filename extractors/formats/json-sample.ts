import type { Column, ColumnType } from '../../core/schema';
import { needsAllDigits, withAllDigits } from '../../transforms/infer';
import { inferJsonValue, widenJson } from '../../transforms/infer-json';
import type { FileContent, FileDescription } from './format-reader';
import { JsonNames, MAX_JSON_NAMES, tooManyNames } from './json-names';
import type { RecordsPath } from './json-path';
import type { JsonRecord } from './json-record';
import { JsonScanner, type JsonFraming } from './json-scanner';
import { piecesOf } from './scan-batches';

/** Bytes looked at in each place of a file: its beginning, and where it can be read from anywhere, its middle and its end. */
const SAMPLE_BYTES = 256 * 1024;

/** Bytes looked at of a file that can only be read from its beginning (gzip), after decompression. */
const STREAM_SAMPLE_BYTES = 1024 * 1024;

/** Guesses at where a record begins in a slice; each may scan the whole slice. */
const MAX_TRIES = 100;

const NEWLINE = 10;
const SPACE = 32;
const COMMA = 44;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * What a bounded look says about a file: the columns in the order in which their keys were first seen, and what their values mean.
 * `path`: of documents, as `JsonScannerOptions` has it. A file without any record has no columns. Throws FORMAT_INVALID, LIMIT_EXCEEDED.
 */
export async function sampleJson(
  file: FileContent,
  framing: JsonFraming,
  path: RecordsPath | undefined,
  signal: AbortSignal,
): Promise<FileDescription> {
  const wanted = file.seekable ? SAMPLE_BYTES : STREAM_SAMPLE_BYTES;
  const tally = new Tally();
  const scanner = new JsonScanner(framing, tally.names, (record) => tally.add(record), { path });
  let whole = true;
  for await (const piece of piecesOf(file, signal)) {
    scanner.feed(piece);
    if (scanner.bytes < wanted || tally.records === 0) continue;
    whole = file.seekable && scanner.bytes >= file.bytes;
    if (!whole) break;
  }
  if (whole) {
    scanner.end();
    return { columns: tally.columns(), rows: { count: tally.records, quality: 'exact' } };
  }
  let { bytes } = scanner;
  if (file.seekable) {
    for (const start of [Math.floor((file.bytes - SAMPLE_BYTES) / 2), file.bytes - SAMPLE_BYTES]) {
      const from = Math.max(start, bytes);
      if (from >= file.bytes) continue;
      const slice = await file.slice(from, Math.min(from + SAMPLE_BYTES, file.bytes), signal);
      bytes += slice.length;
      if (framing === 'lines') tallyLines(slice, tally);
      else tallyDocument(slice, tally);
    }
  }
  const stored = file.bytes * (file.expansion?.() ?? 1);
  const count = Math.max(1, Math.round((Math.max(stored, bytes) / bytes) * tally.records));
  return { columns: tally.columns(), rows: { count, quality: 'sampled' } };
}

/** Lines of a slice, without the torn ones at its ends. */
function tallyLines(slice: Uint8Array, tally: Tally): void {
  const first = slice.indexOf(NEWLINE);
  if (first < 0) return;
  const scanner = new JsonScanner('lines', tally.names, (record) => tally.add(record));
  scanner.feed(slice.subarray(first));
}

/**
 * Records of a slice from anywhere in a document. Where one begins is a guess: behind a comma or another object. The guess counts
 * when what follows has mostly the keys of the records before; an object within a record does not.
 */
function tallyDocument(slice: Uint8Array, tally: Tally): void {
  let tries = 0;
  for (const { at, prefix } of recordStarts(slice)) {
    if (++tries > MAX_TRIES) return;
    const found = new Tally(tally.names.names);
    const scanner = new JsonScanner('document', found.names, (record) => found.add(record));
    try {
      scanner.feed(Buffer.concat([Buffer.from(prefix), slice.subarray(at)]));
    } catch {
      // What came before may be right all the same.
    }
    if (!found.familiar) continue;
    tally.merge(found);
    return;
  }
}

/** Where records may begin, and what has to stand before them. */
function* recordStarts(slice: Uint8Array): Generator<{ at: number; prefix: string }> {
  let before = 0;
  for (let at = 0; at < slice.length; at++) {
    const byte = slice[at] ?? 0;
    if (byte === OPEN_OBJECT && before === COMMA) yield { at, prefix: '[' };
    if (byte === OPEN_OBJECT && before === CLOSE_OBJECT) yield { at, prefix: '' };
    if (byte > SPACE) before = byte;
  }
}

/** Counts records and widens the types of their values. */
class Tally {
  readonly names: JsonNames;
  records = 0;
  /** By name, in the order of first appearance in a row; undefined: only nulls. */
  private readonly types = new Map<string, ColumnType | undefined>();
  /** Names with a number that a float64 does not hold exactly. */
  private readonly needDigits = new Set<string>();
  private fields = 0;
  private knownFields = 0;

  constructor(private readonly known: readonly string[] = []) {
    this.names = new JsonNames(known);
  }

  /** Whether most fields have names that were known before. */
  get familiar(): boolean {
    return this.knownFields * 2 > this.fields;
  }

  add(record: JsonRecord): void {
    this.records++;
    if (record.problem !== undefined) return;
    if (record.unnumbered > 0) throw tooManyNames();
    for (let index = 0; index < record.fields; index++) {
      const key = record.keys[index] ?? 0;
      const name = this.names.names[key] ?? '';
      const text = record.text(key) ?? 'null';
      const inferred = inferJsonValue(text);
      this.types.set(name, widenJson(this.types.get(name), inferred));
      if (inferred !== undefined && !this.needDigits.has(name) && needsAllDigits(text.trim(), inferred)) {
        this.needDigits.add(name);
      }
      this.fields++;
      if (key < this.known.length) this.knownFields++;
    }
  }

  merge(other: Tally): void {
    this.records += other.records;
    for (const [name, type] of other.types) this.types.set(name, widenJson(this.types.get(name), type));
    for (const name of other.needDigits) this.needDigits.add(name);
    if (this.types.size > MAX_JSON_NAMES) throw tooManyNames();
  }

  columns(): Column[] {
    return Array.from(this.types, ([name, type]): Column => {
      const inferredType = withAllDigits(type, this.needDigits.has(name));
      return {
        name,
        type: { kind: 'variant' },
        nullable: true,
        ...(inferredType === undefined ? {} : { inferredType }),
      };
    });
  }
}

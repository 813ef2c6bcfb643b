import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { localConfiguration, Workspace } from './workspace';

const COLUMNS = 160;
const ROWS = 30;
const SEED = 20_240_229;

const digits = (most: number) => fc.bigInt(0n, 10n ** BigInt(most) - 1n).map(String);
const signed = (text: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom('', '-'), text).map((parts) => parts.join(''));
const two = (most: number, least = 0) =>
  fc.integer({ min: least, max: most }).map((value) => String(value).padStart(2, '0'));
const day = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), two(12, 1), two(28, 1))
  .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${month}-${date}`);
const clock = fc
  .tuple(two(23), two(59), two(59), fc.option(fc.integer({ min: 0, max: 999_999_999 }), { nil: undefined }))
  .map(([hour, minute, second, nanos]) => {
    const fraction = nanos === undefined ? '' : `.${String(nanos).slice(0, 1 + (nanos % 6))}`;
    return `${hour}:${minute}:${second}${fraction}`;
  });
const separator = fc.constantFrom('T', ' ');
const instant = fc.tuple(day, separator, clock).map((parts) => parts.join(''));
const float = fc.double({ noNaN: true, noDefaultInfinity: true });

/** Texts of one meaning each. */
const FAMILIES: readonly fc.Arbitrary<string>[] = [
  signed(digits(18)),
  signed(digits(38)),
  signed(fc.tuple(digits(9), digits(6)).map((parts) => parts.join('.'))),
  signed(fc.tuple(digits(22), digits(20)).map((parts) => parts.join('.'))),
  float.map(String),
  float.map((value) => value.toExponential()),
  fc.constantFrom('NaN', 'Infinity', '-Infinity'),
  fc.constantFrom('true', 'false', 'TRUE', 'False'),
  fc.constantFrom('007', '+1', '.5', '1.', '1e400', '-', '0x10', '1_000', '１', '-0', '-0.0', '1e-400'),
  fc.constantFrom(
    'null',
    'NULL',
    '\\N',
    ' ',
    ' 1',
    '1 ',
    'yes',
    'a,b',
    '"',
    "'",
    '\t',
    'line\nfeed',
    'line\r\nfeed',
    'ü📦',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('\0')),
  day,
  fc.constantFrom('2023-02-29', '2024-02-29', '0000-00-00', '2024-13-01', '10000-01-01', '24:00:00', '12:30'),
  instant,
  fc.tuple(instant, fc.constantFrom('Z', '+02:00', '-0530', '+14')).map((parts) => parts.join('')),
  fc.uuid(),
];

/** A column of one or two meanings, with gaps. */
const column = fc
  .uniqueArray(fc.nat({ max: FAMILIES.length - 1 }), { minLength: 1, maxLength: 2 })
  .chain((chosen) =>
    fc.array(fc.option(fc.oneof(...chosen.flatMap((index) => FAMILIES[index] ?? [])), { freq: 6 }), {
      minLength: ROWS,
      maxLength: ROWS,
    }),
  );

const names = Array.from({ length: COLUMNS }, (_, index) => `c${index}`);

/** Micro- or nanoseconds since 1970 of a text as the tests write it, or DuckDB does; as UTC where it has no zone. */
function nanoseconds(text: string): bigint | undefined {
  const found =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, date, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = found;
  const [, sign, ahead = '00', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const shift = (Number(ahead) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
  const parsed = new Date(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`).getTime();
  return (BigInt(parsed / 1000) - BigInt(shift)) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** The number of a plain decimal, times 10^40. */
function scaled(text: string): bigint | undefined {
  const found = /^(-?)(\d*)(?:\.(\d{1,40}))?$/.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = ''] = found;
  const value = BigInt(whole + fraction.padEnd(40, '0'));
  return sign === '-' ? -value : value;
}

/** Whether a value of the warehouse, as its type prints it, is what the text says: the rule of each type, written a second time. */
function says(loaded: string | null, type: string, text: string | null): boolean {
  if (text === null || loaded === null) return text === loaded;
  if (type === 'VARCHAR' || type === 'JSON') return loaded === text;
  if (type === 'BOOLEAN') return loaded === text.toLowerCase();
  if (type === 'DOUBLE')
    return Object.is(Number(loaded.replace(/inf$/, 'Infinity').replace('nan', 'NaN')), Number(text));
  if (type === 'BIGINT' || type === 'HUGEINT' || type.startsWith('DECIMAL')) {
    const value = scaled(text);
    return value !== undefined && scaled(loaded) === value;
  }
  const moment = nanoseconds(text);
  return moment !== undefined && nanoseconds(loaded) === moment;
}

describe('inferred types, through whole runs', function () {
  this.timeout(60_000);
  const columns = fc.sample(column, { numRuns: COLUMNS, seed: SEED });
  const rows = Array.from({ length: ROWS }, (_, row) => columns.map((values) => values[row] ?? null));
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
  });

  const load = async (file: string): Promise<void> => {
    await workspace.write('beamlift.yaml', localConfiguration(`  t: { file_pattern: "${file}" }`));
    const { code, err, reports } = await workspace.beamlift(['run']);
    assert.equal(code, 0, JSON.stringify(reports[0]?.error ?? err.slice(-2000)));
    assert.deepEqual([reports[0]?.rows_loaded, reports[0]?.losses], [ROWS, {}]);
  };
  const loaded = async (): Promise<{ types: string[]; values: (string | null)[][] }> => {
    await workspace.execute("SET TimeZone = 'UTC'");
    const types = await workspace.query(
      "SELECT data_type FROM duckdb_columns() WHERE table_name = 't' ORDER BY substr(column_name, 2)::INTEGER",
    );
    const values = await workspace.query(
      `SELECT ${names.map((name) => `${name}::VARCHAR`).join(', ')} FROM t`,
    );
    return { types: (types ?? []).map(([type]) => type ?? ''), values: values ?? [] };
  };
  const check = async (expected: readonly (readonly (string | null)[])[]): Promise<Set<string>> => {
    const { types, values } = await loaded();
    assert.equal(values.length, ROWS);
    for (const [row, cells] of expected.entries()) {
      for (const [index, text] of cells.entries()) {
        const type = types[index] ?? '';
        const value = values[row]?.[index] ?? null;
        assert.ok(
          says(value, type, text),
          `c${index} ${type}: ${JSON.stringify(text)} became ${JSON.stringify(value)}`,
        );
      }
    }
    return new Set(types.map((type) => type.replace(/\(.*/, '')));
  };

  const quoted = (text: string | null, index: number): string => {
    if (text === null) return '';
    const plain = index % 2 === 0 && /^[^",\r\n]+$/.test(text);
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  };
  const csv = [names.join(','), ...rows.map((row) => row.map(quoted).join(','))].join('\n');

  it(`CSV: each of ${COLUMNS * ROWS} texts is in the created table, whatever type its column got`, async () => {
    await workspace.write('data/t.csv', csv);
    await load('t.csv');
    const types = await check(rows);
    for (const type of [
      'BIGINT',
      'DECIMAL',
      'DOUBLE',
      'BOOLEAN',
      'DATE',
      'TIMESTAMP',
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
    ]) {
      assert.ok(types.has(type), type);
    }
  });

  it('CSV, gzipped, into a table of texts: every text as it is', async () => {
    await workspace.write('data/t.csv.gz', gzipSync(csv));
    await workspace.execute(`CREATE TABLE t (${names.map((name) => `${name} VARCHAR`).join(', ')})`);
    await load('t.csv.gz');
    assert.deepEqual(await check(rows), new Set(['VARCHAR']));
  });

  /** Numbers and words as JSON writes them, documents, and texts that look like anything. */
  const json = rows.map((row, at) =>
    row.map((text, index) => {
      if (text === null) return (at + index) % 3 === 0 ? undefined : 'null';
      const isLiteral = /^(true|false|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/.test(text);
      if (index % 4 === 3 && at % 7 === 0) return `{"a": [${JSON.stringify(text)}, 1.50, null]}`;
      return isLiteral && index % 5 !== 4 ? text : JSON.stringify(text);
    }),
  );
  const records = json.map((row) => {
    const fields = row.flatMap((value, index) => (value === undefined ? [] : [`"c${index}": ${value}`]));
    return `{${fields.join(', ')}}`;
  });
  /** What a column that is no document says: the text of a string, or the literal. */
  const meant = json.map((row) =>
    row.map((value) => {
      if (value === undefined || value === 'null') return null;
      return value.startsWith('"') ? (JSON.parse(value) as string) : value;
    }),
  );

  for (const [file, content] of [
    ['t.jsonl', records.join('\n')],
    ['t.json', `[${records.join(',\n')}]`],
    ['t.jsonl.gz', gzipSync(records.join('\n'))],
  ] as const) {
    it(`${file}: each of ${COLUMNS * ROWS} values is in the created table`, async () => {
      await workspace.write(`data/${file}`, content);
      await load(file);
      const { types } = await loaded();
      const expected = meant.map((row, at) =>
        row.map((text, index) =>
          types[index] === 'JSON' && text !== null ? (json[at]?.[index] ?? null) : text,
        ),
      );
      const seen = await check(expected);
      for (const type of ['BIGINT', 'DECIMAL', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR', 'JSON']) {
        assert.ok(seen.has(type), type);
      }
    });
  }

  it('JSON into a table of documents: every value as it is written', async () => {
    await workspace.write('data/t.jsonl', records.join('\n'));
    await workspace.execute(`CREATE TABLE t (${names.map((name) => `${name} JSON`).join(', ')})`);
    await load('t.jsonl');
    await check(json.map((row) => row.map((value) => (value === 'null' ? null : (value ?? null)))));
  });
});

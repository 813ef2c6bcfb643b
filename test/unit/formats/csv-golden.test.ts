import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { formatType } from '../../../core/format-type';
import { csvReader } from '../../../extractors/formats/csv';
import { numberedNames } from '../../../extractors/formats/csv-header';
import { NEVER_ABORTED, readCsvFile, readCsvText } from './csv-reading';
import { MemoryFile } from './memory-file';

const GOLDEN = path.join(__dirname, '../../golden/csv');
const PACKAGES = path.join(__dirname, '../../../node_modules');
const SPECTRUM = path.join(PACKAGES, 'csv-spectrum');
const VEGA = path.join(PACKAGES, 'vega-datasets/data');

function readJson(...parts: string[]): unknown {
  return JSON.parse(readFileSync(path.join(...parts), 'utf8'));
}

interface Expectation {
  options?: Record<string, never>;
  names: string[];
  types: (string | null)[];
  rows: (string | null)[][];
  rejects?: object[];
  notices?: string[];
}

describe('CSV golden files', () => {
  for (const file of readdirSync(GOLDEN).filter((name) => name.endsWith('.csv'))) {
    it(file, async () => {
      const expected = readJson(GOLDEN, file.replace(/csv$/, 'json')) as Expectation;
      const reading = await readCsvText(readFileSync(path.join(GOLDEN, file)), expected.options);
      assert.deepEqual(
        {
          names: reading.names,
          types: reading.description.columns.map(({ inferredType }) =>
            inferredType === undefined ? null : formatType(inferredType),
          ),
          rows: reading.rows,
          rejects: reading.rejects,
          notices: reading.description.notices,
        },
        {
          names: expected.names,
          types: expected.types,
          rows: expected.rows,
          rejects: expected.rejects ?? [],
          notices: expected.notices ?? [],
        },
      );
    });
  }
});

describe('csv-spectrum', () => {
  for (const file of readdirSync(path.join(SPECTRUM, 'csvs'))) {
    it(file, async () => {
      const json = readJson(SPECTRUM, 'json', file.replace(/csv$/, 'json')) as object | object[];
      // The package's own JSON of location_coordinates is one object instead of a list, with another phone number than its CSV.
      const expected = Array.isArray(json) ? json : [{ ...json, 'Contact Phone Number': '2095257564' }];
      const reading = await readCsvText(readFileSync(path.join(SPECTRUM, 'csvs', file)));
      assert.deepEqual(reading.rejects, []);
      assert.deepEqual(
        reading.rows.map((row) =>
          Object.fromEntries(reading.names.map((name, index) => [name, row[index] ?? ''])),
        ),
        expected,
      );
    });
  }
});

describe('vega-datasets', () => {
  async function typesOf(file: string): Promise<Record<string, string>> {
    const { description } = await readCsvText(readFileSync(path.join(VEGA, file)));
    return Object.fromEntries(
      description.columns.map(({ name, inferredType }) => [
        name,
        inferredType === undefined ? 'nothing' : formatType(inferredType),
      ]),
    );
  }

  it('keeps the leading zeros of zip codes, of which the end of the file has none', async () => {
    assert.deepEqual(await typesOf('zipcodes.csv'), {
      zip_code: 'string',
      latitude: 'decimal(8,6)',
      longitude: 'decimal(9,6)',
      city: 'string',
      state: 'string',
      county: 'string',
    });
  });

  it('reads every row of birdstrikes.csv', async () => {
    const content = readFileSync(path.join(VEGA, 'birdstrikes.csv'));
    const { rows, rejects, description } = await readCsvFile(new MemoryFile(content));
    assert.deepEqual([rows.length, rejects.length], [10_000, 0]);
    assert.ok(Math.abs(description.rows.count - 10_000) < 300, String(description.rows.count));
    const types = await typesOf('birdstrikes.csv');
    assert.deepEqual(
      [types['Flight Date'], types['Cost Total $'], types['Speed IAS in knots'], types['Airport Name']],
      ['date', 'int64', 'int64', 'string'],
    );
  });

  it('reads tab-separated values and dates with slashes as texts', async () => {
    const { names } = await readCsvText(readFileSync(path.join(VEGA, 'unemployment.tsv')), {
      delimiter: '\t',
    });
    assert.deepEqual(names, ['id', 'rate']);
    assert.equal((await typesOf('github.csv'))['time'], 'string');
  });

  it('finds every file of CSV whole', async () => {
    for (const file of readdirSync(VEGA).filter((name) => name.endsWith('.csv'))) {
      const content = new MemoryFile(readFileSync(path.join(VEGA, file)));
      const { columns } = await csvReader({}).describe(content, NEVER_ABORTED);
      let lines = 0;
      for await (const batch of csvReader({}).read(content, columns, NEVER_ABORTED)) {
        assert.deepEqual(batch.rejects, [], file);
        lines += batch.rows.length;
      }
      assert.ok(lines > 0, file);
    }
  });
});

describe('numberedNames', () => {
  it('counts from 1', () => {
    assert.deepEqual(numberedNames(2).names, ['column_1', 'column_2']);
  });
});

import assert from 'node:assert/strict';
import type { Row } from '../../../core/cells';
import type { Reject } from '../../../core/reject';
import { formatType } from '../../../core/format-type';
import type { Column } from '../../../core/schema';
import { csvReader } from '../../../extractors/formats/csv';
import { CsvTokenizer } from '../../../extractors/formats/csv-parser';
import { MAX_FIELDS } from '../../../extractors/formats/csv-record';
import { MAX_RECORD_BYTES, type FileContent } from '../../../extractors/formats/format-reader';
import { NEVER_ABORTED, readCsvFile, readCsvText } from './csv-reading';
import { MemoryFile } from './memory-file';

describe('csvReader: nulls and texts', () => {
  it('takes an empty unquoted field as null, a quoted one as empty text, and NULL as a text', async () => {
    const { rows } = await readCsvText('a,b,c\n,"",NULL\n');
    assert.deepEqual(rows, [[null, '', 'NULL']]);
  });

  it('takes only the null marker as null where there is one', async () => {
    const { rows } = await readCsvText('a,b,c\n\\N,,"\\N"\n', { null_marker: '\\N' });
    assert.deepEqual(rows, [[null, '', '\\N']]);
  });

  it('keeps NUL bytes, spaces, quotes inside of unquoted fields, and line ends inside of quotes', async () => {
    const { rows } = await readCsvText('a,b,c\nx\0y, 5" pipe ,"one\r\ntwo\rthree\nfour"\n');
    assert.deepEqual(rows, [['x\0y', ' 5" pipe ', 'one\r\ntwo\rthree\nfour']]);
  });

  it('skips blank lines, except in a file of one column, where they are rows', async () => {
    const wide = await readCsvText('\n\na,b\n\n1,2\r\n\r\n3,4\n\n');
    assert.deepEqual(wide.rows, [
      ['1', '2'],
      ['3', '4'],
    ]);
    assert.deepEqual(wide.places, ['line 5', 'line 7']);
    assert.deepEqual((await readCsvText('a\n1\n\n2\n')).rows, [['1'], [null], ['2']]);
  });

  it('treats quotes as characters where there are none', async () => {
    assert.deepEqual((await readCsvText('a,b\n"x,y"\n', { quote: '' })).rows, [['"x', 'y"']]);
  });

  it('takes a backslash and t as a tab', async () => {
    assert.deepEqual((await readCsvText('a\tb\n1\t2\n', { delimiter: '\\t' })).rows, [['1', '2']]);
  });
});

describe('csvReader: rejects', () => {
  it('rejects rows with another number of fields than the header, by line and in words', async () => {
    const { rows, rejects, description } = await readCsvText('a,b,c\n1,2,3\n1,2\n"x\ny",2,3\n1,2,3,4\n\n1\n');
    assert.deepEqual(rows, [
      ['1', '2', '3'],
      ['x\ny', '2', '3'],
    ]);
    assert.deepEqual(rejects, [
      { row: 'line 3', value: '1,2', reason: '2 fields where the header has 3' },
      { row: 'line 6', value: '1,2,3,4', reason: '4 fields where the header has 3' },
      { row: 'line 8', value: '1', reason: '1 field where the header has 3' },
    ]);
    assert.deepEqual(description.rows, { count: 5, quality: 'exact' });
  });

  it('holds rows against the first one where there is no header', async () => {
    const { names, rejects } = await readCsvText('1,2\n3\n', { has_header: false });
    assert.deepEqual(names, ['column_1', 'column_2']);
    assert.deepEqual(rejects, [{ row: 'line 2', value: '3', reason: '1 field where the first row has 2' }]);
  });

  it('rejects a row with text behind a closing quote, and goes on behind it', async () => {
    const { rows, rejects } = await readCsvText('a,b\n"x"y,2\n3,"4" \n5,6\n');
    assert.deepEqual(rows, [['5', '6']]);
    assert.deepEqual(
      rejects.map(({ row, reason }) => [row, reason]),
      [
        ['line 2', 'text after the closing quote of field 1'],
        ['line 3', 'text after the closing quote of field 2'],
      ],
    );
  });

  it('rejects a row with invalid UTF-8, and takes a replacement character that is really there', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n1,ok \ufffd\n2,'),
      Buffer.of(0xc3, 0x28),
      Buffer.from('\n3,"'),
      Buffer.of(0xed, 0xa0, 0x80),
      Buffer.from('"\n4,ok\n'),
    ]);
    const { rows, rejects } = await readCsvText(bytes);
    assert.deepEqual(rows, [
      ['1', 'ok \ufffd'],
      ['4', 'ok'],
    ]);
    assert.deepEqual(
      rejects.map(({ row, column, reason }) => [row, column, reason]),
      [
        ['line 3', 'b', 'bytes that are not valid in utf-8'],
        ['line 4', 'b', 'bytes that are not valid in utf-8'],
      ],
    );
  });

  it('rejects a row with bytes that mean nothing in another encoding', async () => {
    const utf16 = Buffer.concat([
      Buffer.from('a,b\n1,', 'utf16le'),
      Buffer.of(0x00, 0xd8),
      Buffer.from('\n2,😀\n3,x', 'utf16le'),
      Buffer.of(0x41),
    ]);
    const read16 = await readCsvFile(new MemoryFile(utf16, [1]), { encoding: 'utf-16le' });
    assert.deepEqual(read16.rows, [['2', '😀']]);
    assert.deepEqual(
      read16.rejects.map(({ row, reason }) => [row, reason]),
      [
        ['line 2', 'bytes that are not valid in utf-16le'],
        ['line 4', 'bytes that are not valid in utf-16le'],
      ],
    );
    const greek = Buffer.concat([
      Buffer.from('a,b\n1,'),
      Buffer.of(0xd2),
      Buffer.from('\n2,'),
      Buffer.of(0xe1, 0x0a),
    ]);
    const read1253 = await readCsvText(greek, { encoding: 'windows-1253' });
    assert.deepEqual(read1253.rows, [['2', 'α']]);
    assert.deepEqual(
      read1253.rejects.map(({ row }) => row),
      ['line 2'],
    );
  });

  it('rejects a field of 100 MB with its line in bounded memory, and reads on behind it', async () => {
    const filler = Buffer.alloc(1_000_000, 'xyzxyzxyz\n');
    const file: FileContent = {
      uri: 'large.csv',
      bytes: 100_000_018,
      seekable: false,
      async *stream() {
        yield Buffer.from('a,b\n1,2\n3,"');
        for (let done = 0; done < 100; done++) yield filler;
        yield Buffer.from('",\n4,5\n');
      },
      slice: () => Promise.reject(new Error('not seekable')),
    };
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const rows: Row[] = [];
    const rejects: Reject[] = [];
    const columns: Column[] = [{ name: 'a', type: { kind: 'string' }, nullable: true }];
    const places: (string | undefined)[] = [];
    for await (const batch of csvReader({}).read(file, columns, NEVER_ABORTED)) {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      places.push(...batch.rows.map((_, index) => batch.nameRow?.(index)));
      rows.push(...batch.rows);
      rejects.push(...batch.rejects);
    }
    assert.deepEqual(
      [rows, places],
      [
        [['1'], ['4']],
        ['line 2', 'line 10000004'],
      ],
    );
    assert.equal(rejects.length, 1);
    assert.equal(rejects[0]?.row, 'line 3');
    assert.equal(rejects[0].reason, `longer than ${MAX_RECORD_BYTES} bytes`);
    assert.equal(rejects[0].value, `3,\\"${'xyzxyzxyz\\n'.repeat(7)}xyzxyz…`);
    assert.ok(peak < 3 * MAX_RECORD_BYTES, `${peak} bytes of buffers`);
  });

  it('skips a record beyond the bound wherever the pieces are cut, and closes its quotes right', () => {
    const text =
      'a,b\n1,"12345678901234567890,""\r\n""12345"\n2,12345678901234567890\r\n3,4\n5,"12345678901234567890"x\n6,7\n';
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size++) {
      const found: string[] = [];
      const tokenizer = new CsvTokenizer(
        { delimiter: Buffer.from(','), quote: 34, encoding: 'utf-8' },
        (record) => found.push(`${record.line} ${record.problem ?? record.text(1) ?? '?'}`),
        { maxRecordBytes: 16 },
      );
      for (let start = 0; start < bytes.length; start += size)
        tokenizer.feed(bytes.subarray(start, start + size));
      tokenizer.end();
      const long = 'longer than 16 bytes';
      assert.deepEqual(
        found,
        ['1 b', `2 ${long}`, `4 ${long}`, '5 4', `6 ${long}`, '7 7'],
        `pieces of ${size}`,
      );
    }
  });
});

describe('csvReader: broken files', () => {
  it('fails where a quote is never closed, and names the line on which it opens', async () => {
    await assert.rejects(readCsvText('a,b\n1,2\n3,"4\n5,6\n7,8\n'), {
      code: 'FORMAT_INVALID',
      where: { row: 'line 3' },
      message: 'The quote that opens on line 3 is never closed.',
    });
  });

  it('fails for a header that cannot be read', async () => {
    await assert.rejects(readCsvText('"a"x,b\n1,2\n'), { code: 'FORMAT_INVALID' });
    await assert.rejects(readCsvText(Buffer.of(0xff, 0x2c, 0x62, 0x0a)), {
      code: 'FORMAT_INVALID',
      hint: /encoding/,
    });
    await assert.rejects(readCsvText(`${','.repeat(MAX_FIELDS)}\n`), { code: 'LIMIT_EXCEEDED' });
  });

  it('refuses options that no file can have', () => {
    for (const options of [
      { delimiter: '' },
      { delimiter: '\n' },
      { quote: '""' },
      { quote: 'é' },
      { delimiter: '"x' },
      { encoding: 'klingon' },
      { delimiter: '漢', encoding: 'latin1' },
    ]) {
      assert.throws(() => csvReader(options), { code: 'CONFIG_INVALID' }, JSON.stringify(options));
    }
  });

  it('describes an empty file as one without columns', async () => {
    for (const text of ['', '\n\r\n\n', '\ufeff']) {
      const { description, rows } = await readCsvText(text);
      assert.deepEqual([description.columns, rows], [[], []]);
      assert.deepEqual(description.rows, { count: 0, quality: 'exact' });
    }
  });

  it('closes the stream after a failure, an abort, and when the consumer leaves', async () => {
    const reader = csvReader({});
    const file = new MemoryFile(Buffer.from(`a,b\n${'1,2\n'.repeat(200_000)}"`));
    await assert.rejects(readCsvFile(file));
    const aborter = new AbortController();
    for await (const batch of reader.read(file, [], NEVER_ABORTED)) {
      assert.ok(batch.rows.length > 0);
      break;
    }
    await assert.rejects(async () => {
      for await (const batch of reader.read(file, [], aborter.signal)) {
        assert.ok(batch.rows.length > 0);
        aborter.abort();
      }
    });
    assert.equal(file.openStreams, 0);
  });
});

describe('csvReader: columns', () => {
  it('gives every column a name of its own and says so', async () => {
    const { names, description } = await readCsvText(
      'a,a,,a_2,a,column_3,__proto__,constructor, \n1,2,3,4,5,6,7,8,9\n',
    );
    assert.deepEqual(names, [
      'a',
      'a_3',
      'column_3_2',
      'a_2',
      'a_4',
      'column_3',
      '__proto__',
      'constructor',
      'column_9',
    ]);
    assert.deepEqual(description.notices, [
      'column 2 has the same name as another, a, and is called a_3',
      'column 3 has no name in the header and is called column_3_2',
      'column 5 has the same name as another, a, and is called a_4',
      'column 9 has no name in the header and is called column_9',
    ]);
  });

  it('suspects another delimiter where the header is one column with one in its name', async () => {
    const notices = async (text: string, delimiter?: string): Promise<unknown> =>
      (await readCsvText(text, delimiter === undefined ? {} : { delimiter })).description.notices;
    assert.deepEqual(await notices('a;b\n1;2\n'), [
      'the header is one column, with a semicolon in its name; the delimiter may be a semicolon',
    ]);
    assert.deepEqual(await notices('a\n1\n'), []);
    assert.deepEqual(await notices('"a;b",c\n1,2\n'), []);
    assert.deepEqual(await notices('"a;b"\n1\n', ';'), []);
  });

  it('reads the columns that are asked for, in that order, and nulls for those that are not there', async () => {
    const file = new MemoryFile(Buffer.from('a,b,__proto__\n1,2,3\n'));
    const reader = csvReader({});
    const columns = ['__proto__', 'missing', 'a'].map((name) => ({
      name,
      type: { kind: 'string' as const },
      nullable: true,
    }));
    for await (const batch of reader.read(file, columns, NEVER_ABORTED)) {
      assert.deepEqual(batch.rows, [['3', null, '1']]);
    }
  });

  it('recognises a byte order mark of UTF-8 and UTF-16 without being told', async () => {
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const reading = await readCsvFile(new MemoryFile(Buffer.from('\ufeff"a",b\n1,é\n', encoding), [1]));
      assert.deepEqual([reading.names, reading.rows], [['a', 'b'], [['1', 'é']]]);
    }
  });

  it('infers types from the values, whatever their order, and nothing from nulls', async () => {
    const { description } = await readCsvText(
      'zip,n,price,when,flag,none,mixed\n02134,1,1.5,2024-01-01,true,,1\n10001,2,10,2024-01-01 10:00:00,FALSE,,x\n',
    );
    assert.deepEqual(
      description.columns.map((column) =>
        column.inferredType === undefined ? '-' : formatType(column.inferredType),
      ),
      ['string', 'int64', 'decimal(20,1)', 'datetime', 'bool', '-', 'string'],
    );
  });
});

describe('csvReader: samples', () => {
  const row = '12345,abcdefghijklmnopqrst\n';

  it('sees values at the beginning, in the middle and at the end of a large file', async () => {
    for (const place of [0.01, 0.5, 0.99]) {
      const total = 100_000;
      const rows = Array.from({ length: total }, () => row);
      rows[Math.floor(total * place)] = '1.5,x\n';
      const file = new MemoryFile(Buffer.from(`n,t\n${rows.join('')}`));
      const { columns, rows: estimate } = await csvReader({}).describe(file, NEVER_ABORTED);
      assert.deepEqual(columns[0]?.inferredType, { kind: 'decimal', precision: 20, scale: 1 }, String(place));
      assert.equal(estimate.quality, 'sampled');
      assert.ok(Math.abs(estimate.count - total) < total * 0.02, String(estimate.count));
    }
  });

  it('is not misled by line ends inside of quotes where a slice begins', async () => {
    const quoted = `1,"${'7\n'.repeat(300)}"\n`;
    const file = new MemoryFile(Buffer.from(`n,t\n${quoted.repeat(4000)}`));
    const { columns } = await csvReader({}).describe(file, NEVER_ABORTED);
    assert.deepEqual(
      columns.map((column) => column.inferredType?.kind),
      ['int', 'string'],
    );
  });

  it('looks at a bounded part of a file, and only at the beginning of one that cannot be read from anywhere', async () => {
    const content = Buffer.from(`n,t\n${row.repeat(200_000)}`);
    let sliced = 0;
    class Counting extends MemoryFile {
      override async slice(start: number, end: number): Promise<Uint8Array> {
        sliced += end - start;
        return super.slice(start, end);
      }
    }
    await csvReader({}).describe(new Counting(content), NEVER_ABORTED);
    assert.ok(sliced > 0 && sliced <= 512 * 1024);
    sliced = 0;
    const { rows } = await csvReader({}).describe(new Counting(content, [65_536], false), NEVER_ABORTED);
    assert.equal(sliced, 0);
    assert.ok(Math.abs(rows.count - 200_000) < 4000);
  });
});

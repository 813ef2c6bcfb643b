import assert from 'node:assert/strict';
import { csvReader } from '../../../extractors/formats/csv';
import { MAX_RECORD_BYTES, type FileContent } from '../../../extractors/formats/format-reader';
import { encodingOf } from '../../../extractors/formats/text-encoding';
import { NEVER_ABORTED, readCsvFile, readCsvText } from './csv-reading';
import { MemoryFile } from './memory-file';

describe('null_marker', () => {
  it('may be several, of which none counts in quotes or with an escape', async () => {
    const { rows } = await readCsvText('a,b,c,d,e\n,NULL,\\N,"NULL",""\n\\\\N,null,n/a,NULLS,NULL \n', {
      null_marker: ['', 'NULL', '\\N'],
      escape: '\\',
    });
    assert.deepEqual(rows, [
      [null, null, null, 'NULL', ''],
      ['\\N', 'null', 'n/a', 'NULLS', 'NULL '],
    ]);
  });

  it('counts in quotes as well where quoted_nulls says so, also for the types', async () => {
    const text = '"id","n"\n"1",""\n"2","7"\n"",""\n';
    const { rows, description } = await readCsvText(text, { quoted_nulls: true });
    assert.deepEqual(rows, [
      ['1', null],
      ['2', '7'],
      [null, null],
    ]);
    assert.equal(description.columns[1]?.inferredType?.kind, 'int');
    assert.equal((await readCsvText(text)).description.columns[1]?.inferredType?.kind, 'string');
  });
});

describe('escape', () => {
  it('takes the meaning from quotes, delimiters, line ends and itself, and is text in front of others', async () => {
    const { rows, places } = await readCsvText(
      'a|b\n"x \\"y\\" ""z""\\\\"|C:\\new\\|\\|\n1\\\n2\\\r\n3|\\"4\nlast|\\\\\n',
      { delimiter: '|', escape: '\\' },
    );
    assert.deepEqual(rows, [
      ['x "y" "z"\\', 'C:\\new||'],
      ['1\n2\r\n3', '"4'],
      ['last', '\\'],
    ]);
    assert.deepEqual(places, ['line 2', 'line 3', 'line 6']);
  });

  it('may be the quote, which is as if it was left out', async () => {
    assert.deepEqual((await readCsvText('a\n"x""y"\n', { escape: '"' })).rows, [['x"y']]);
  });
});

describe('comment_prefix and skip_lines', () => {
  it('leave out lines, wherever a record may begin, and count them', async () => {
    const { names, rows, places } = await readCsvText(
      'Report, "of today\n\n# made, by "hand\r\nid,text\n#\n1,"a\n#b"\n# x\n2,#c\n##',
      { comment_prefix: '#', skip_lines: 2 },
    );
    assert.deepEqual(names, ['id', 'text']);
    assert.deepEqual(rows, [
      ['1', 'a\n#b'],
      ['2', '#c'],
    ]);
    assert.deepEqual(places, ['line 6', 'line 9']);
  });

  it('work with names of columns of their own, one column, and files that are nothing else', async () => {
    const one = await readCsvText('title\n1\n\n-- x\n2\n', {
      comment_prefix: '--',
      skip_lines: 1,
      has_header: false,
    });
    assert.deepEqual([one.names, one.rows], [['column_1'], [['1'], [null], ['2']]]);
    for (const text of ['x', 'x\n', 'x\ny', 'x\ny\n# z']) {
      const { description, rows } = await readCsvText(text, { comment_prefix: '#', skip_lines: 2 });
      assert.deepEqual([description.columns, rows], [[], []], text);
    }
  });

  it('skip lines of any length in bounded memory', async () => {
    const filler = Buffer.alloc(1024 * 1024, '# xyz "');
    const file = endlessFile([
      Buffer.from('# '),
      ...Array.from({ length: 80 }, () => filler),
      Buffer.from('\na,b\n1,2\n'),
    ]);
    const before = process.memoryUsage().arrayBuffers;
    let rows = 0;
    for await (const batch of csvReader({ comment_prefix: '#' }).read(file, [], NEVER_ABORTED)) {
      rows += batch.rows.length;
      assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 1024 * 1024);
    }
    assert.equal(rows, 1);
  });
});

describe('ragged_rows', () => {
  const text = 'a,b,c\n1,2\n1,2,3,,\n1,2,3,4\n1,2,3,""\n\n1\n';

  it('pads short records with nulls and leaves out empty fields too many', async () => {
    const { rows, rejects } = await readCsvText(text, { ragged_rows: 'pad' });
    assert.deepEqual(rows, [
      ['1', '2', null],
      ['1', '2', '3'],
      ['1', null, null],
    ]);
    assert.deepEqual(
      rejects.map(({ row, reason }) => [row, reason]),
      [
        ['line 4', '4 fields where the header has 3'],
        ['line 5', '4 fields where the header has 3'],
      ],
    );
    const marked = await readCsvText('a,b\n1\n', { ragged_rows: 'pad', null_marker: '\\N' });
    assert.deepEqual(marked.rows, [['1', null]]);
  });

  it('fails at the first one, with its line', async () => {
    await assert.rejects(readCsvText(text, { ragged_rows: 'fail' }), {
      code: 'FORMAT_INVALID',
      message: 'A record has 2 fields where the header has 3.',
      where: { row: 'line 2', value: '1,2' },
    });
    const other = await readCsvText('a,b\n"x"y,2\n', { ragged_rows: 'fail' });
    assert.equal(other.rejects[0]?.reason, 'text after the closing quote of field 1');
  });
});

describe('trim', () => {
  it('leaves out spaces and tabs around fields and quotes, and only then', async () => {
    const text = ' a ,\t"b" , c\n 1 , " x "\t,\n  \n\t2,3 4,"5"\n';
    const trimmed = await readCsvText(text, { trim: true });
    assert.deepEqual(trimmed.names, ['a', 'b', 'c']);
    assert.deepEqual(trimmed.rows, [
      ['1', ' x ', null],
      ['2', '3 4', '5'],
    ]);
    const { names, rejects } = await readCsvText(text, { ragged_rows: 'pad' });
    assert.deepEqual(names, [' a ', '\t"b" ', ' c']);
    assert.deepEqual(rejects.length, 0);
  });

  it('takes no delimiter for a blank', async () => {
    const { rows } = await readCsvText('a\tb\tc\n 1 \t\t 2\n', { delimiter: '\t', trim: true });
    assert.deepEqual(rows, [['1', null, '2']]);
  });
});

describe('encoding', () => {
  const expected = [['Łódź', '😀']];

  it('is what the byte order mark says, whatever is configured', async () => {
    const text = '\ufeffa,b\nŁódź,😀\n';
    for (const encoding of ['utf8', 'utf16le'] as const) {
      for (const configured of [undefined, 'windows-1252', 'latin1', 'utf-16be', 'utf-8', 'utf-16']) {
        const file = new MemoryFile(Buffer.from(text, encoding), [1]);
        const { rows, names } = await readCsvFile(
          file,
          configured === undefined ? {} : { encoding: configured },
        );
        assert.deepEqual([names, rows], [['a', 'b'], expected], `${encoding} as ${configured}`);
      }
    }
    const reversed = Buffer.from(text, 'utf16le').swap16();
    assert.deepEqual((await readCsvFile(new MemoryFile(reversed, [3]))).rows, expected);
  });

  it('is decided by the marks, names and their aliases', () => {
    const of = (configured: string | undefined, ...head: number[]): string =>
      encodingOf(configured, Buffer.from(head));
    assert.equal(of(undefined), 'utf-8');
    assert.equal(of('UTF8'), 'utf-8');
    assert.equal(of('ISO-8859-1'), 'latin1');
    assert.equal(of('latin1', 0xef, 0xbb, 0xbf), 'utf-8');
    assert.equal(of(undefined, 0xff, 0xfe, 97, 0), 'utf-16le');
    assert.equal(of(undefined, 0xff, 0xfe, 0, 0), 'utf-32le');
    assert.equal(of('utf-16le', 0xff, 0xfe, 0, 0), 'utf-16le');
    assert.equal(of('utf-16'), 'utf-16le');
    assert.equal(of(undefined, 0xfe, 0xff), 'utf-16be');
    assert.equal(of('windows-1250', 0xff), 'windows-1250');
  });

  it('refuses names that are none of texts', () => {
    for (const encoding of ['base64', 'hex', 'klingon']) {
      assert.throws(() => csvReader({ encoding }), { code: 'CONFIG_INVALID', message: /known are utf-8/ });
    }
  });
});

describe('options', () => {
  it('are refused all at once', () => {
    assert.throws(() => csvReader({ delimiter: '', quote: 'ab', escape: 'é', comment_prefix: '\n' }), {
      code: 'CONFIG_INVALID',
      message:
        /delimiter cannot be "".*quote cannot be "ab".*escape cannot be "é".*comment_prefix cannot be "\\n"/,
    });
    for (const wrong of [
      { comment_prefix: ',', delimiter: ',' },
      { comment_prefix: '"#' },
      { comment_prefix: '\\#', escape: '\\' },
      { delimiter: '\\x', escape: '\\' },
      { null_marker: [] },
      { null_marker: 'a\nb' },
      { encoding: 'latin1', comment_prefix: '漢' },
      { records_path: '/a' },
    ]) {
      assert.throws(() => csvReader(wrong), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong));
    }
  });
});

describe('a quote that never closes', () => {
  it('is read past in bounded memory, and named with its line', async () => {
    const filler = Buffer.alloc(1024 * 1024, 'abc,def\n');
    const pieces = Array.from({ length: 90 }, () => filler);
    const file = endlessFile([Buffer.from('a,b\n1,2\n3,"x'), ...pieces]);
    const before = process.memoryUsage().arrayBuffers;
    let rows = 0;
    let peak = 0;
    await assert.rejects(
      async () => {
        for await (const batch of csvReader({ escape: '\\' }).read(file, [], NEVER_ABORTED)) {
          rows += batch.rows.length;
          peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        }
      },
      {
        code: 'FORMAT_INVALID',
        message: 'The quote that opens on line 3 is never closed.',
        where: { row: 'line 3' },
      },
    );
    assert.equal(rows, 1);
    assert.ok(peak < 3 * MAX_RECORD_BYTES, `${peak} bytes`);
  });
});

/** A file that is never in memory as a whole. */
function endlessFile(pieces: readonly Uint8Array[]): FileContent {
  return {
    uri: 'endless.csv',
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    seekable: false,
    async *stream() {
      for (const piece of pieces) yield await Promise.resolve(piece);
    },
    slice: () => Promise.reject(new Error('not seekable')),
  };
}

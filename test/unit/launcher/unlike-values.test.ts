import assert from 'node:assert/strict';
import type { ColumnType } from '../../../core/schema';
import { unlikeValueNotices } from '../../../launcher/unlike-values';

const text: ColumnType = { kind: 'string' };
const int: ColumnType = { kind: 'int', bits: 64 };
const decimal: ColumnType = { kind: 'decimal', precision: 10, scale: 2 };
const date: ColumnType = { kind: 'date' };

function notices(...pairs: [seen: ColumnType | undefined, table: ColumnType][]): string[] {
  const columns = pairs.map(([inferredType], index) => ({
    name: `c${index}`,
    type: text,
    nullable: true,
    ...(inferredType === undefined ? {} : { inferredType }),
  }));
  return unlikeValueNotices(
    { columns, primaryKey: [] },
    pairs.map(([, destinationType], index) => ({
      source: `c${index}`,
      destination: `c${index}`,
      sourceType: text,
      destinationType,
    })),
  );
}

describe('unlikeValueNotices', () => {
  it('says nothing of what the table surely takes, or nobody has seen', () => {
    const timestamp: ColumnType = { kind: 'timestamp', unit: 'us' };
    const harmless: [ColumnType | undefined, ColumnType][] = [
      [undefined, int],
      [int, int],
      [int, decimal],
      [int, { kind: 'float', bits: 64 }],
      [date, timestamp],
      [date, text],
      [text, text],
      [text, { kind: 'json' }],
    ];
    assert.deepEqual(notices(...harmless), []);
  });

  it('names columns whose values are of another kind', () => {
    assert.deepEqual(notices([text, int], [int, int], [decimal, int], [date, decimal]), [
      'Values that are not what the table has: c0 (string; the table has int64), c2 (decimal(10,2); the table has int64), c3 (date; the table has decimal(10,2)). Rows whose values do not fit are rejected.',
    ]);
    const many = Array.from({ length: 9 }, (): [ColumnType, ColumnType] => [text, date]);
    assert.match(notices(...many)[0] ?? '', /c4 \(string; the table has date\) and 4 more\./);
  });
});

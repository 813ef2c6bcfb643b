import assert from 'node:assert/strict';
import { policiesSchema } from '../../../core/policies';
import { CONVERSIONS } from '../../../transforms/conversions';
import { typeReference } from '../../../transforms/type-reference';

describe('typeReference', () => {
  const page = typeReference([{ title: 'Warehouse', typeFor: (type) => type }]);
  const lines = page.split('\n');

  it('has a grid with a cell for every pair', () => {
    const rows = lines.filter((line) => line.startsWith('| **'));
    assert.equal(rows.length, 16);
    for (const row of rows) assert.equal(row.split('|').length, 15 + 3, row);
  });

  it('has every rule and every reason in words', () => {
    for (const [source, row] of Object.entries(CONVERSIONS)) {
      assert.ok(lines.includes(`## From ${source}`));
      for (const conversion of Object.values(row)) {
        assert.ok(page.includes('none' in conversion ? conversion.none : conversion.description));
      }
    }
  });

  it('has every policy with its default', () => {
    for (const name of Object.keys(policiesSchema.shape)) {
      const row = lines.find((line) => line.startsWith(`| \`${name}\` |`));
      assert.match(row ?? '', /\(default\)/, name);
    }
  });

  it('says what created tables get', () => {
    assert.ok(lines.includes('| decimal(12,2) | decimal(12,2) |'));
    assert.ok(!typeReference().includes('Created tables'));
  });

  it('breaks no table: pipes only between cells', () => {
    for (const line of lines.filter((each) => each.startsWith('|'))) assert.ok(line.endsWith('|'), line);
  });
});

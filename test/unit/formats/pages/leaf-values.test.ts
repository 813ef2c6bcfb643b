import assert from 'node:assert/strict';
import { DecimalValues } from '../../../../extractors/formats/pages/decimal-values';
import { FixedValues } from '../../../../extractors/formats/pages/fixed-values';
import type { LeafValues } from '../../../../extractors/formats/pages/leaf-values';
import { DamagedPage } from '../../../../extractors/formats/pages/page-errors';
import { pageMemory } from '../../../../extractors/formats/pages/page-memory';
import { PageWindow } from '../../../../extractors/formats/pages/page-window';
import { TextValues } from '../../../../extractors/formats/pages/text-values';

describe('values of a dictionary', () => {
  function pageOf(content: Uint8Array): PageWindow {
    const memory = pageMemory();
    assert.ok(memory !== undefined);
    const page = new PageWindow(memory);
    page.open(content, content.length, false);
    return page;
  }

  const twoTexts = Buffer.from('\x01\0\0\0a\x02\0\0\0bc', 'latin1');
  const cases: readonly [string, LeafValues, Buffer][] = [
    ['words', new FixedValues(4, 4, undefined), Buffer.from([1, 0, 0, 0, 2, 0, 0, 0])],
    ['several words', new FixedValues(8, 8, undefined), Buffer.alloc(16, 7)],
    ['bytes', new FixedValues(3, 3, undefined), Buffer.from([1, 2, 3, 4, 5, 6])],
    ['texts', new TextValues(true), twoTexts],
    ['decimals', new DecimalValues(16), twoTexts],
  ];
  for (const [what, values, content] of cases) {
    it(`have numbers below their count: ${what}`, () => {
      const page = pageOf(content);
      values.begin();
      values.readDictionary(page, 2);
      values.readNumbers(Int32Array.of(0, 1, 1), 0, 3);
      for (const number of [2, -1, 2 ** 31 - 1]) {
        assert.throws(() => {
          values.readNumbers(Int32Array.of(0, number), 0, 2);
        }, DamagedPage);
      }
      page.close();
    });

    it(`are not set aside memory for before they are there: ${what}`, () => {
      const page = pageOf(content);
      assert.throws(() => {
        values.readDictionary(page, 2 ** 31 - 1);
      }, /ends before its values do/);
      page.close();
    });
  }

  it('are decimals of a length that their type holds', () => {
    for (const length of [0, 17]) {
      const page = pageOf(Buffer.concat([Buffer.from([length, 0, 0, 0]), Buffer.alloc(length, 1)]));
      const values = new DecimalValues(16);
      assert.throws(
        () => {
          values.readPlain(page, 0, 1);
        },
        new RegExp(`a decimal of ${length} bytes`),
      );
      page.close();
    }
  });
});

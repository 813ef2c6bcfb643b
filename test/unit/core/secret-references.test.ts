import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  hasSecretReference,
  parseSecretText,
  SECRET_REFERENCE_KINDS,
  type SecretTextPart,
} from '../../../core/secret-references';

const target = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('}'));
const reference = fc.constantFrom(...SECRET_REFERENCE_KINDS).chain((kind) =>
  (kind === 'secret' ? fc.constant('projects/p/secrets/s/versions/latest') : target).map((to) => ({
    kind,
    target: to,
    text: `\${${kind}:${to}}`,
  })),
);
/** A `$` in front of a reference would escape it, so a literal does not end with one. */
const literal = fc
  .array(fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('$', '${', '$${', '${env:', '}', '$$')), {
    minLength: 1,
    maxLength: 5,
  })
  .map((pieces) => pieces.join(''))
  .filter((text) => !text.endsWith('$'));

function render(parts: readonly SecretTextPart[]): string {
  return parts.map((part) => (typeof part === 'string' ? part.split('${').join('$${') : part.text)).join('');
}

describe('secret references', () => {
  it('are found between any literals, which come back as they were', () => {
    const parts = fc.array(fc.tuple(literal, reference), { maxLength: 4 }).map((pairs) => pairs.flat());
    fc.assert(
      fc.property(parts, literal, (leading, last) => {
        const written: SecretTextPart[] = [...leading, last];
        const parsed = parseSecretText(render(written));
        assert.deepEqual(parsed.problems, []);
        assert.deepEqual(parsed.parts, written);
        assert.equal(hasSecretReference(render(written)), leading.length > 0);
      }),
    );
  });

  it('lose nothing of any text, and never throw', () => {
    const pieces = fc.constantFrom('$', '{', '}', '${', 'env', ':', 'A', 'secret:', '${env:A}', 'file', '/');
    fc.assert(
      fc.property(fc.array(pieces), (drawn) => {
        const text = drawn.join('');
        const { parts, problems } = parseSecretText(text);
        assert.ok(parts.length > 0);
        if (problems.length === 0) assert.equal(render(parts), text);
      }),
      { numRuns: 1_000 },
    );
  });

  it('may stand beside each other', () => {
    assert.deepEqual(
      parseSecretText('${env:USER}${file:./key.json}').parts.map((part) =>
        typeof part === 'string' ? part : [part.kind, part.target],
      ),
      [
        ['env', 'USER'],
        ['file', './key.json'],
      ],
    );
    assert.deepEqual(parseSecretText('').parts, ['']);
  });

  for (const [written, problem] of [
    ['${vault:x}', /\$\{vault:…\} is not a known reference; known are \$\{env:NAME\}/],
    ['${env:}', /\$\{env:\} names nothing/],
    ['${secret:my-secret}', /does not name projects\/P\/secrets\/S\/versions\/V/],
    [
      '${SHOP_PASSWORD}',
      /for an environment variable write \$\{env:SHOP_PASSWORD\}, .* \$\$\{SHOP_PASSWORD\}$/,
    ],
    ['${ENV:SHOP_PASSWORD}', /begins no known reference/],
    ['${env:SHOP_PASSWORD', /begins no known reference/],
    ['pa${ss', /a literal \$\{ is written \$\$\{/],
  ] as const) {
    it(`that are mistyped are a problem, not a password: ${written}`, () => {
      const { problems } = parseSecretText(written);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
    });
  }

  it('that are problems say nothing of the text around them', () => {
    const [problem = ''] = parseSecretText('hunter2${hunter3').problems;
    assert.doesNotMatch(problem, /hunter/);
  });
});

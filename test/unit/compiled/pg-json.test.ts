import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileJson } from '../../../transforms/compiled/pg-json';
import { planOf } from './pg-avro-codecs';
import { RecordingSink } from './recording-sink';

/** What the reference looks at: escapes by number, exponents, and numbers of more than 15 digits and points. */
const LOOKED_AT = /\\u|\d[eE]|\d[\d.]{15}/;

/** Whether a document is taken that stands between others, at an offset of its own: by the writer, and by WebAssembly. */
function takes(text: string, before: string, behind: string): boolean {
  const taken = isWritten(text, before, behind);
  const row = [before, text, behind].map((value) => Buffer.from(value));
  const { atOnce } = batches.read([row]);
  assert.equal(atOnce === 1, taken, `WebAssembly: ${text}`);
  return taken;
}

const batches = planOf({ kind: 'string' }, { kind: 'json' }, { kind: 'string' }).batches('wasm');

function isWritten(text: string, before: string, behind: string): boolean {
  const bytes = Buffer.from(before + text + behind);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [start, length] = [Buffer.byteLength(before), Buffer.byteLength(text)];
  const sink = new RecordingSink();
  const taken = compileJson(sink)(bytes, view, start, length);
  if (taken) assert.equal(sink.take(), text);
  return taken;
}

const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 20 }).map((all) => all.join(''));
const number = fc.oneof(
  digits,
  fc.tuple(digits, digits).map((parts) => parts.join('.')),
  fc.tuple(digits, fc.constantFrom('e5', 'E-7', '.5e10')).map((parts) => parts.join('')),
);
const isNumber = (part: string): boolean => /^\d/.test(part);
const text = fc.constantFrom(
  '"a"',
  '"channel"',
  '"ee"',
  '"E"',
  '"é📦"',
  '"\\u00e9"',
  '"\\""',
  '"\\\\"',
  '""',
  'true',
  'null',
);
const between = fc.constantFrom(', ', ': ', ',', ' ', '[', ']', '{', '}');
const document = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: number },
      { weight: 3, arbitrary: text },
      { weight: 5, arbitrary: between },
    ),
    {
      maxLength: 12,
    },
  )
  // Two numbers do not stand side by side: one with two points, or that begins with one, is no JSON.
  .map((parts) =>
    parts
      .map((part, index) => (isNumber(part) && isNumber(parts[index - 1] ?? '') ? ` ${part}` : part))
      .join(''),
  );
const around = fc.constantFrom('', '1', '12345', 'e', '\\', 'u', '9e', ' ', '000000000000000000');

describe('JSON documents of PostgreSQL', () => {
  it('leaves everything to the reference that it looks at, wherever it stands', () => {
    fc.assert(
      fc.property(document, around, around, (json, before, behind) => {
        if (LOOKED_AT.test(json)) assert.equal(takes(json, before, behind), false, json);
      }),
      { numRuns: 20_000 },
    );
  });

  it('takes what the reference has nothing to look at, whatever stands around it', () => {
    fc.assert(
      fc.property(document, around, around, (json, before, behind) => {
        if (!LOOKED_AT.test(json) && !json.includes('\\\\')) assert.ok(takes(json, before, behind), json);
      }),
      { numRuns: 20_000 },
    );
  });

  it('finds escapes by number and exponents at any place', () => {
    for (let offset = 0; offset < 40; offset++) {
      for (const behind of ['', 'x'.repeat(20)]) {
        const texts = ['"\\u00ff', '"\\n', '"e5', '"'];
        const taken = texts.map((text) => takes(`[${' '.repeat(offset)}${text}${behind}"]`, '', ''));
        assert.deepEqual(taken, [false, true, true, true], `${offset}`);
        const numbers = ['1e5', '1.5E5', '15 '];
        const kept = numbers.map((number) =>
          takes(`[${' '.repeat(offset)}${number}]${' '.repeat(20)}`, '', ''),
        );
        assert.deepEqual(kept, [false, false, true], `${offset}`);
      }
    }
  });

  it('finds a long number at any place, with its point anywhere', () => {
    for (let offset = 0; offset < 12; offset++) {
      for (let point = 1; point < 16; point++) {
        const all = '123456789012345';
        const long = `${all.slice(0, point)}.${all.slice(point)}`;
        const fifteen = long.slice(0, 15);
        for (const end of ['', '}', '}]', ' }]', ', "a": 1}']) {
          const head = ' '.repeat(offset);
          assert.equal(takes(head + long + end, '', ''), false, head + long + end);
          assert.equal(takes(head + fifteen + end, '7', '7'), true, head + fifteen + end);
        }
      }
    }
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Row } from '../../../core/cells';
import type { NdjsonDialect } from '../../../core/encoding';
import type { RowBatch } from '../../../core/extractor';
import { LossLedger } from '../../../core/loss-ledger';
import { BIGQUERY_NDJSON, BIGQUERY_RULES } from '../../../loaders/bigquery/rules';
import { DUCKDB_NDJSON } from '../../../loaders/duckdb/rules';
import { compileJsonLines } from '../../../transforms/compiled/json-lines';
import type { CodecMode } from '../../../transforms/compiled/row-writer';
import { BlockBuffer } from '../../../transforms/encode/block-buffer';
import { compileNdjsonEncoder } from '../../../transforms/encode/ndjson';
import { compileConverter } from '../../../transforms/schema-aware-converter';
import { jsonDestination, ordinaryJson } from './arbitrary-json';
import { contentOf, inputOf, jsonCases, readLines, type PlannedColumns } from './json-cases';

interface Line {
  readonly line: string;
  readonly losses: unknown;
}

/** What the reference writes of a row; undefined: it refuses the row. */
function reference(plan: PlannedColumns, dialect: NdjsonDialect, row: Row): Line | undefined {
  const ledger = new LossLedger();
  const input = inputOf(plan);
  const converted = compileConverter({ ...input, ledger }).convert(row);
  if (converted === undefined) return undefined;
  return { line: compileNdjsonEncoder(input.destination, dialect)(converted), losses: ledger.toJSON() };
}

/** What the codec makes of the rows of each batch: lines, or cells for the reference. */
function compiled(
  plan: PlannedColumns,
  dialect: NdjsonDialect,
  mode: CodecMode,
): (raw: NonNullable<RowBatch['raw']>) => (Line | Row)[] {
  const input = inputOf(plan);
  const line = new BlockBuffer(1);
  let ledger = new LossLedger();
  const codec = compileJsonLines({
    ...input,
    mode,
    dialect,
    line,
    lose: (column, rule) => ledger.add(input.destination.columns[column]?.name ?? '', rule),
  });
  return (raw) => {
    assert.equal(raw.wire, 'json');
    codec.begin(raw);
    return Array.from({ length: raw.rows }, () => {
      ledger = new LossLedger();
      line.restart();
      const result = codec.write()
        ? { line: `${line.bytes.toString('utf8', 0, line.end)}}\n`, losses: ledger.toJSON() }
        : codec.decode().row;
      codec.next();
      return result;
    });
  };
}

const dialects = fc.constantFrom(BIGQUERY_NDJSON, DUCKDB_NDJSON, { ...BIGQUERY_NDJSON, zone: 'Z' } as const);

describe('compiled: JSON to NDJSON', () => {
  it('writes the bytes of the reference, or leaves the row to it, in both modes', async () => {
    let byCodec = 0;
    let byReference = 0;
    await fc.assert(
      fc.asyncProperty(jsonCases, dialects, async (example, dialect) => {
        const { chunks } = example;
        const plan = { ...example.plan, rules: { ...example.plan.rules, nullDocument: false } };
        const content = contentOf(example);
        const rows: Row[] = [];
        try {
          await readLines(plan, content, chunks, false, (batch) => rows.push(...batch.rows));
        } catch {
          return;
        }
        for (const mode of ['generated', 'closures'] as const) {
          const compile = compiled(plan, dialect, mode);
          const results: ReturnType<typeof compile> = [];
          await readLines(plan, content, chunks, true, (batch) => {
            if (batch.raw !== undefined) results.push(...compile(batch.raw));
          });
          assert.equal(results.length, rows.length);
          for (const [index, result] of results.entries()) {
            const row = rows[index] ?? [];
            if ('line' in result) {
              byCodec++;
              assert.deepEqual(result, reference(plan, dialect, row));
            } else {
              byReference++;
              assert.deepEqual(result, row);
            }
          }
        }
      }),
      { numRuns: 800 },
    );
    assert.ok(byCodec > 500 && byReference > 500, `${byCodec} rows by the codec, ${byReference} left`);
  });

  it('takes most of the ordinary values of every type, and JSON.parse reads what was there', async () => {
    const taken = new Map<string, number>();
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(jsonDestination, fc.gen(), async (type, gen) => {
        const column = { name: 'v', to: { name: 'c', type, nullable: true }, isKey: false };
        const plan = { columns: [column], rules: { ...BIGQUERY_RULES, nullDocument: false } };
        const text = gen(() => ordinaryJson(type));
        // Nobody writes dates with escapes.
        const value = 'unit' in type ? JSON.stringify(JSON.parse(text)) : text;
        const compile = compiled(plan, BIGQUERY_NDJSON, 'generated');
        seen.set(type.kind, (seen.get(type.kind) ?? 0) + 1);
        await readLines(plan, Buffer.from(`{"v":${value}}`), [4096], true, ({ raw }) => {
          const [result] = raw === undefined ? [] : compile(raw);
          if (result === undefined || !('line' in result)) return;
          taken.set(type.kind, (taken.get(type.kind) ?? 0) + 1);
          if (['string', 'json', 'bool', 'float'].includes(type.kind))
            assert.deepEqual(JSON.parse(result.line), { c: JSON.parse(value) as unknown });
        });
      }),
      { numRuns: 1000 },
    );
    for (const [kind, times] of seen) {
      assert.ok((taken.get(kind) ?? 0) > times / 5, `${kind}: ${taken.get(kind) ?? 0} of ${times}`);
    }
  });
});

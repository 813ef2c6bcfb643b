import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { SourceModule } from '../../core/extractor';
import type { DestinationModule } from '../../core/loader';
import { SOURCES } from '../../extractors';
import { DESTINATIONS } from '../../loaders';
import { DESTINATION_CASES } from './destination-cases';
import { SOURCE_CASES } from './source-cases';

const sources: readonly SourceModule[] = SOURCES;
const destinations: readonly DestinationModule[] = DESTINATIONS;

/** No module may think that these are its own. */
const FOREIGN_URLS = ['', 'orders', 'gopher://example.com/x', 'constructor:x'];

const NAME = /^[a-z][a-z0-9_]*$/;

function fieldsOf(schema: z.ZodObject): [string, z.ZodType][] {
  return Object.entries<z.ZodType>(schema.shape);
}

/** `ssh.host`, … of a field that is a mapping. */
function innerNames(name: string, field: z.ZodType): string[] {
  const inner: unknown = field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodObject ? fieldsOf(inner).map(([member]) => `${name}.${member}`) : [];
}

async function page(name: string): Promise<string> {
  return await readFile(path.join(__dirname, '..', '..', 'docs', name), 'utf8');
}

function describeFields(
  schema: z.ZodObject,
  secretFields: readonly string[],
  pathFields: readonly string[],
): void {
  it('describes every field of its configuration', () => {
    for (const [name, field] of fieldsOf(schema)) {
      const { description } = field;
      assert.ok(description !== undefined && description.length > 5, `${name} has no description`);
      assert.match(name, NAME);
    }
  });

  it('refuses fields that it does not know', () => {
    const result = schema.safeParse({ no_such_field: 1 });
    assert.ok(result.error?.issues.some((issue) => issue.code === 'unrecognized_keys'));
  });

  it('has secrets and paths among its fields, and what sounds like a secret is one', () => {
    const names = fieldsOf(schema).flatMap(([name, field]) => [name, ...innerNames(name, field)]);
    for (const name of [...secretFields, ...pathFields]) assert.ok(names.includes(name), name);
    for (const name of names) {
      if (/password|secret|token|passphrase|private_key|connection_string/.test(name)) {
        assert.ok(secretFields.includes(name), `${name} is not among secretFields`);
      }
    }
  });

  it('is on the page about configuration, field by field', async () => {
    const text = await page('configuration.md');
    for (const [name] of fieldsOf(schema))
      assert.ok(text.includes(`\`${name}\``), `${name} is not documented`);
  });
}

describe('the sources', () => {
  it('are there, each with names of its own', () => {
    assert.notEqual(sources.length, 0);
    const names = sources.flatMap((module) => [module.type, ...module.aliases]);
    assert.equal(new Set(names).size, names.length, names.join(', '));
    for (const name of names) assert.match(name, NAME);
  });

  it('have a case in the contract suite, and no case is left over', () => {
    assert.deepEqual(Object.keys(SOURCE_CASES).sort(), sources.map((module) => module.type).sort());
  });

  for (const module of sources) {
    describe(module.type, () => {
      describeFields(module.connectionSchema, module.secretFields, module.pathFields ?? []);

      it('knows its own URLs from those of others', () => {
        for (const url of FOREIGN_URLS) assert.equal(module.parseUrl(url), undefined, url);
        for (const other of sources) {
          if (other !== module) assert.equal(other.parseUrl(`${module.type}://h/x`), undefined, other.type);
        }
      });

      it('is documented', async () => {
        const text = await page('configuration.md');
        for (const word of [module.type, module.title])
          assert.ok(text.includes(word), `${word} is not documented`);
      });
    });
  }
});

describe('the destinations', () => {
  it('are there, each with a name of its own', () => {
    assert.notEqual(destinations.length, 0);
    const names = destinations.map((module) => module.type);
    assert.equal(new Set(names).size, names.length, names.join(', '));
    for (const name of names) assert.match(name, NAME);
  });

  it('have a case in the contract suite, and no case is left over', () => {
    assert.deepEqual(Object.keys(DESTINATION_CASES).sort(), destinations.map((module) => module.type).sort());
  });

  for (const module of destinations) {
    describe(module.type, () => {
      describeFields(module.configSchema, module.secretFields, module.pathFields);

      it('knows its own URLs from those of others', () => {
        for (const url of FOREIGN_URLS) assert.equal(module.parseUrl(url), undefined, url);
      });

      it('has limits that make sense', () => {
        const { rules } = module;
        assert.ok(rules.decimal.maxScale <= rules.decimal.maxPrecision);
        assert.ok(rules.unboundedDecimal.precision <= rules.decimal.maxPrecision);
        assert.ok(rules.dateRange[0] < rules.dateRange[1] && rules.instantRange[0] < rules.instantRange[1]);
        assert.ok(rules.names.maxLength > 0);
      });

      it('is documented', async () => {
        const text = await page('configuration.md');
        for (const word of [module.type, module.title])
          assert.ok(text.includes(word), `${word} is not documented`);
      });
    });
  }
});

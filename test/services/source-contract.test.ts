import type { SourceModule } from '../../core/extractor';
import { SOURCES } from '../../extractors';
import { SOURCE_CASES } from '../contract/source-cases';
import { describeSourceContract } from '../contract/source-contract';

const modules: readonly SourceModule[] = SOURCES;

describe('contract of sources that need a service', () => {
  for (const module of modules) {
    const found = SOURCE_CASES[module.type];
    if (found?.selfContained === false) describeSourceContract(module, found);
  }
});
